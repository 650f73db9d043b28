"""Everything the authorization server remembers: launches, pending sign-ins, codes, tokens.

All of it lives in memory and dies with the sandbox. Each kind of secret is an unguessable
string handed out once; what it stands for never leaves this process.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from fhir_fixtures.sandbox.settings import Clock

T = TypeVar("T")

CODE_LIFETIME = timedelta(seconds=60)
TICKET_LIFETIME = timedelta(minutes=10)
LAUNCH_LIFETIME = timedelta(hours=12)
REFRESH_LIFETIME = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """The context in which a user opened the app from the chart."""

    user_id: str
    patient_id: str = field(repr=False)
    encounter_id: str | None = field(default=None, repr=False)
    need_patient_banner: bool = True
    intent: str | None = None
    app_context: str | None = None
    fhir_context: tuple[dict[str, Any], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A checked request to the authorization endpoint."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    code_challenge: str
    nonce: str | None = None
    launch: Launch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A sign-in on its way through the pickers of a standalone launch."""

    request: AuthorizationRequest
    user_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What somebody allowed an app to do; `family` ties together all tokens that stem from it."""

    client_id: str
    scopes: tuple[str, ...]
    family: str
    user_id: str | None = None
    launch: Launch | None = None
    nonce: str | None = None
    redirect_uri: str | None = None
    code_challenge: str | None = None

    @property
    def patient_id(self) -> str | None:
        """The patient the grant is about, if it is about one."""
        return self.launch.patient_id if self.launch else None


class Drawer(Generic[T]):
    """Things kept under unguessable names until they expire."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[T, datetime]] = {}
        self._spent: dict[str, tuple[T, datetime]] = {}

    def put(self, what: T, lifetime: timedelta) -> str:
        """The name under which the thing can be had until its lifetime is over."""
        self._forget_expired()
        name = secrets.token_urlsafe(32)
        self._kept[name] = (what, self._clock() + lifetime)
        return name

    def look(self, name: str) -> T | None:
        """The thing of that name, unless spent or expired."""
        what, expires_at = self._kept.get(name, (None, self._clock()))
        return what if expires_at > self._clock() else None

    def expires_at(self, name: str) -> datetime:
        """When the thing of that name expires."""
        return self._kept[name][1]

    def spend(self, name: str) -> T | None:
        """The thing of that name, this once."""
        what = self.look(name)
        if what is not None:
            self._spent[name] = self._kept.pop(name)
        return what

    def already_spent(self, name: str) -> T | None:
        """The thing that had that name before it was spent."""
        return self._spent.get(name, (None, None))[0]

    def discard(self, unwanted: Callable[[T], bool]) -> None:
        """Forget everything unwanted."""
        self._kept = {n: kept for n, kept in self._kept.items() if not unwanted(kept[0])}

    def _forget_expired(self) -> None:
        now = self._clock()
        self._kept = {n: kept for n, kept in self._kept.items() if kept[1] > now}
        self._spent = {n: kept for n, kept in self._spent.items() if kept[1] > now}


class Vault:
    """The drawers of one sandbox, and what happens when a used-up secret turns up again."""

    def __init__(self, clock: Clock) -> None:
        self.launches: Drawer[Launch] = Drawer(clock)
        self.tickets: Drawer[Ticket] = Drawer(clock)
        self.codes: Drawer[Grant] = Drawer(clock)
        self.access_tokens: Drawer[Grant] = Drawer(clock)
        self.refresh_tokens: Drawer[Grant] = Drawer(clock)

    def spend_code(self, code: str) -> Grant | None:
        """The grant behind a code, once; a second try also ends what the first one began."""
        return self._spend(self.codes, code)

    def spend_refresh_token(self, token: str) -> Grant | None:
        """The grant behind a refresh token, once; a second try ends the whole family."""
        return self._spend(self.refresh_tokens, token)

    def revoke(self, family: str) -> None:
        """End every token that stems from one grant."""
        self.access_tokens.discard(lambda each: each.family == family)
        self.refresh_tokens.discard(lambda each: each.family == family)

    def _spend(self, drawer: Drawer[Grant], name: str) -> Grant | None:
        replayed = drawer.already_spent(name)
        if replayed is not None:
            self.revoke(replayed.family)
            return None
        return drawer.spend(name)
