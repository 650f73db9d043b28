"""Backend-service tokens kept in memory, one for each practice, EHR and set of scopes.

They are cheap to ask for again, so they are never stored; one thread asks, the others wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

MARGIN = timedelta(seconds=60)
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedToken:
    """An access token and the moment it ends."""

    access_token: str = field(repr=False)
    scope: frozenset[str]
    expires_at: datetime


@dataclass(slots=True)
class TokenCache:
    """Tokens by (practice, EHR, scopes); a token near its end is not handed out."""

    _tokens: dict[Key, CachedToken] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def get(
        self, key: Key, now: datetime, ask: Callable[[], CachedToken], *, refused: str = ""
    ) -> CachedToken:
        """Return a live token, asking for a new one where there is none.

        ``refused`` is a token that the EHR did not take: it is not handed out again.
        """
        with self._lock:
            held = self._tokens.get(key)
            if held is None or held.expires_at - MARGIN <= now or held.access_token == refused:
                held = ask()
                self._tokens[key] = held
            return held

    def forget(self, key: Key) -> None:
        """Drop a token that the EHR no longer accepts."""
        with self._lock:
            self._tokens.pop(key, None)
