"""The pages of a practice's EHRs: the list with the form that adds one, and one EHR."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.services.connect import Connected
from ccm_fhir.services.diagnosis import Diagnosis
from ccm_fhir.services.practice_ehrs import EhrShown
from smart_app.views.connection import ConnectionView, connection_page
from smart_app.views.ehr_words import CLIENT_KINDS, CLIENTS
from smart_app.views.formats import count, listed, moment
from smart_app.views.forms import Attempt, ChoiceView, Wrong
from smart_app.views.practice_page import Asked, FormView
from smart_app.views.tones import Tone

ADD, CLIENT, DISCONNECT, RECONNECT = "add", "client", "disconnect", "reconnect"
# The secret is in no view: what was typed of it is asked for again.
CLIENT_FIELDS = ("client_auth", "client_id")
ADD_FIELDS = ("name", "url", *CLIENT_FIELDS)
_ASKED = (*ADD_FIELDS, "client_secret")


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrView:
    """One EHR of the list."""

    id: str
    name: str
    base: str
    tone: Tone
    state: str
    client: str
    read: str
    is_own: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressView:
    """One thing that the EHR's administrator is given, to be copied."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrsPageView:
    """The list and the form that adds to it."""

    ehrs: tuple[EhrView, ...]
    add: FormView
    kinds: tuple[ChoiceView, ...]
    addresses: tuple[AddressView, ...]
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrPageView:
    """One EHR; ``found`` is there after it was looked over."""

    ehr: EhrView
    added: str
    addresses: tuple[AddressView, ...]
    remarks: tuple[str, ...]
    client: FormView
    kinds: tuple[ChoiceView, ...]
    found: ConnectionView | None
    is_active: bool
    standing: FormView
    consequence: str
    wrong: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrsPrinting:
    """One printing: from which EHR the app was opened, and what was refused."""

    own_ehr: str
    page_key: str
    attempt: Attempt | None = None


def ehrs_page(
    ehrs: tuple[EhrShown, ...], addresses: tuple[AddressView, ...], printing: EhrsPrinting
) -> EhrsPageView:
    """Return the list; a refused form stands as it was sent, but for the secret."""
    said = Asked(page_key=printing.page_key, attempt=printing.attempt)
    add = said.form(ADD, _ASKED, {"client_auth": "private_key"})
    return EhrsPageView(
        ehrs=tuple(_ehr(one, printing.own_ehr) for one in ehrs),
        add=add,
        kinds=_kinds(add.values["client_auth"]),
        addresses=addresses,
        wrong=() if printing.attempt is None else printing.attempt.wrong,
    )


def ehr_page(
    shown: EhrShown, told: Connected | None, found: Diagnosis | None, printing: EhrsPrinting
) -> EhrPageView:
    """Return one EHR with what its administrator must be given, as `ehr add` prints it."""
    said = Asked(page_key=printing.page_key, attempt=printing.attempt)
    standing = {"client_auth": shown.client_kind, "client_id": shown.client_id}
    client = said.form(CLIENT, (*CLIENT_FIELDS, "client_secret"), standing)
    is_own = shown.id == printing.own_ehr
    return EhrPageView(
        ehr=_ehr(shown, printing.own_ehr),
        added=moment(shown.added_at),
        addresses=() if told is None else _told(told, shown.client_id),
        remarks=("It was never discovered.",) if told is None else _remarks(told),
        client=client,
        kinds=_kinds(client.values["client_auth"]),
        found=None if found is None else connection_page(shown.name, "", found),
        is_active=shown.is_active,
        standing=said.form(DISCONNECT if shown.is_active else RECONNECT, ("sure",), {}),
        consequence=_consequence(shown, is_own=is_own),
        wrong=() if printing.attempt is None else printing.attempt.wrong,
    )


def own_addresses(launch_url: str, redirect_uri: str, jwks_url: str) -> tuple[AddressView, ...]:
    """Return where an EHR reaches us; the same for every EHR."""
    named = {"Launch URL": launch_url, "Redirect URI": redirect_uri, "JWKS URL": jwks_url}
    return tuple(AddressView(name=name, value=value) for name, value in named.items())


def _told(told: Connected, client_id: str) -> tuple[AddressView, ...]:
    named = {
        "Scopes (launch)": told.launch_scopes,
        "Scopes (backend)": told.delivery_scopes,
        "Client id": client_id,
        "Pinned origins": ", ".join(told.pinned_origins),
    }
    return (
        *own_addresses(told.launch_url, told.redirect_uri, told.jwks_url),
        *(AddressView(name=name, value=value) for name, value in named.items()),
    )


def _remarks(told: Connected) -> tuple[str, ...]:
    if not told.not_writable:
        return told.warnings
    kinds = listed(told.not_writable)
    return (*told.warnings, f"Its CapabilityStatement declares no create for {kinds}.")


def _ehr(one: EhrShown, own_ehr: str) -> EhrView:
    return EhrView(
        id=one.id,
        name=one.name,
        base=one.fhir_base,
        tone=Tone.GOOD if one.is_active else Tone.PLAIN,
        state="Connected" if one.is_active else "Disconnected",
        client=f"Client {one.client_id}, {CLIENTS[one.client_kind]}",
        read=(
            "Its configuration was never read."
            if one.read_at is None
            else f"Last told of itself {moment(one.read_at)}."
        ),
        is_own=one.id == own_ehr,
    )


def _consequence(shown: EhrShown, *, is_own: bool) -> str:
    waiting = count(shown.waiting, "delivery", "deliveries") if shown.waiting else "nothing"
    if not shown.is_active:
        return (
            "People can open the app from it again, and what waits for it goes on "
            f"({waiting} now). It is registered as it was."
        )
    told = (
        "Nobody can open the app from it any more, and it is sent nothing: what is on its way "
        f"({waiting} now) waits. Sessions that are open go on until they end, and nothing that "
        "was recorded is lost. It can be connected again here."
    )
    if shown.others:
        return told
    who = "You opened the app from it, and it" if is_own else "It"
    return (
        f"{told} {who} is the only EHR that is connected: once your session has ended, nobody "
        "gets in, and only the operator can connect it again (ccm-fhir ehr reconnect)."
    )


def _kinds(chosen: str) -> tuple[ChoiceView, ...]:
    return tuple(
        ChoiceView(value=value, label=label, is_chosen=chosen == value)
        for value, label in CLIENT_KINDS.items()
    )
