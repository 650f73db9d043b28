"""The EHRs of a practice as its administrator sees and registers them: what `ehr add` does too."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from ccm_fhir.errors import InputError
from ccm_fhir.services.connect import (
    Connected,
    NewConnection,
    connect_ehr,
    refuse_unusable_client,
    told_again,
)
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.setup_hand import SetupHand, audit_act
from ccm_fhir.services.signing_keys import ensure_one
from ccm_fhir.storage import deliveries, ehrs, practices, statements
from ccm_fhir.storage.ehrs import Ehr, NewClient
from ccm_fhir.storage.practices import Practice
from ccm_fhir.storage.vocabulary import ClientAuth

CLIENT_KINDS = tuple(kind.value for kind in ClientAuth)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOfClient:
    """Who we are at an EHR, as an administrator types it; ``kind`` is of ``CLIENT_KINDS``."""

    kind: str
    client_id: str
    secret: str = field(default="", repr=False)

    def checked(self) -> NewClient:
        """Return it as it can be used; raises InputError where it cannot."""
        if self.kind not in CLIENT_KINDS:
            raise InputError("client_auth", "Choose how we prove who we are.")
        client = NewClient(self.client_id, ClientAuth(self.kind), self.secret or None)
        refuse_unusable_client(client)
        return client


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOfEhr:
    """What an administrator types of an EHR that is to be registered."""

    name: str
    fhir_base: str
    client: SaidOfClient
    allow_loopback_http: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrShown:
    """An EHR of a practice; ``read_at`` is when it last told of itself, in the practice's zone.

    ``waiting`` is how many deliveries to it are not finished; ``others`` how many more EHRs of
    the practice are connected. Whether there is a secret is known, and never what it is.
    """

    id: str
    name: str
    fhir_base: str
    client_kind: str
    client_id: str
    is_active: bool
    added_at: datetime
    read_at: datetime | None
    waiting: int
    others: int


def list_ehrs(world: Installation, hand: SetupHand) -> tuple[EhrShown, ...]:
    """Return a practice's EHRs, oldest first."""
    with world.db.read(hand.practice_id) as session:
        practice = practices.get(session, hand.practice_id)
        return _shown(session, practice)


def ehr_with_addresses(
    world: Installation, hand: SetupHand, ehr_id: str
) -> tuple[EhrShown, Connected | None]:
    """Return an EHR and what its administrator must be given, as `ehr add` prints it.

    None of the latter where the EHR was never discovered.

    Raises:
        NotFoundError: no such EHR in this practice.
    """
    with world.db.read(hand.practice_id) as session:
        practice = practices.get(session, hand.practice_id)
        ehr = ehrs.get(session, hand.practice_id, ehr_id)
        (shown,) = (one for one in _shown(session, practice) if one.id == ehr_id)
    return shown, None if ehr.discovery_json is None else told_again(world, ehr)


def add_ehr(world: Installation, hand: SetupHand, said: SaidOfEhr, now: datetime) -> Connected:
    """Discover and register a further EHR of the practice, with our first keys if there are none.

    Raises:
        as ``connect_ehr``, and InputError for a kind of client that is none.
    """
    client = said.client.checked()
    new = NewConnection(
        practice_id=hand.practice_id,
        user_id=hand.user_id,
        name=said.name,
        fhir_base=said.fhir_base,
        client_id=client.client_id,
        client_auth=client.client_auth,
        client_secret=client.client_secret,
        allow_loopback_http=said.allow_loopback_http,
    )
    connected = connect_ehr(world, new, now)
    ensure_one(world, now)
    return connected


def change_client(world: Installation, hand: SetupHand, ehr_id: str, said: SaidOfClient) -> None:
    """Record who we are at an EHR, such as after its administrator made a new client or secret.

    Raises:
        NotFoundError: no such EHR in this practice.
        InputError: the id or the secret cannot be used.
    """
    client = said.checked()
    with world.db.write(hand.practice_id) as session:
        audit_act(world, session, hand, f"set_ehr_client {ehr_id} {client.client_auth.value}")
        ehrs.set_client(session, world.vault, hand.practice_id, ehr_id, client)


def _shown(session: Session, practice: Practice) -> tuple[EhrShown, ...]:
    known = ehrs.list_all(session, practice.id)
    open_to = [one.ehr_id for one in deliveries.unfinished(session, practice.id)]
    return tuple(
        EhrShown(
            id=one.id,
            name=one.name,
            fhir_base=one.fhir_base,
            client_kind=one.client_auth.value,
            client_id=one.client_id,
            is_active=one.is_active,
            added_at=one.created_at.astimezone(practice.zone),
            read_at=_read_at(session, practice, one),
            waiting=open_to.count(one.id),
            others=sum(other.is_active and other.id != one.id for other in known),
        )
        for one in known
    )


def _read_at(session: Session, practice: Practice, ehr: Ehr) -> datetime | None:
    statement = statements.latest(session, practice.id, ehr.id)
    fetched_at = None if statement is None else statement.fetched_at
    moments = (ehr.discovered_at, ehr.capability_at, fetched_at)
    newest = max((one for one in moments if one is not None), default=None)
    return None if newest is None else newest.astimezone(practice.zone)
