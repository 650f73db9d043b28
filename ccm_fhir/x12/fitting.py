"""Whether texts fit a file: its characters and its lengths; nothing is ever cut or replaced.

Capital letters are no loss and are made here. Any other character outside the basic set of X12
(and ``#``, which addresses need) is refused with the name of the element, never its value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims import Obstacle, electronic_obstacles, plain_zip, shape_obstacles
from ccm_fhir.x12.filing import Unfit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ccm_fhir.domain.claims import Address, ClaimDraft, PersonName
    from ccm_fhir.x12.filing import Filing, TradingPartner

ELEMENT, COMPONENT, REPETITION, SEGMENT = "*", ":", "^", "~"
_ALLOWED = re.compile(r"""[A-Z0-9 !"&'()+,\-./;?=#]*""")
MOST_CONTROL = 999_999_999
_PHONE = re.compile(r"[0-9]{10}")


@dataclass(frozen=True, slots=True)
class _Text:
    """A text bound for an element: what it is called, how long it may be, who mends it."""

    what: str
    value: str = field(repr=False)
    most: int
    owner: str


def written(text: str) -> str:
    """Return a text as a file carries it: in capitals, without spaces around it."""
    return text.strip().upper()


def unfit_claims(filing: Filing) -> tuple[Unfit, ...]:
    """Return everything that keeps a file from being written, of the file itself first."""
    of_file = (*_file_obstacles(filing), *_misfits(_file_texts(filing)))
    found = [Unfit(identifier="", obstacles=of_file)] if of_file else []
    for claim in filing.claims:
        obstacles = (
            *electronic_obstacles(claim.draft),
            *shape_obstacles(claim.draft),
            *_misfits(_claim_texts(claim.draft)),
        )
        if obstacles:
            found.append(Unfit(identifier=claim.identifier, obstacles=obstacles))
    return tuple(found)


def _file_obstacles(filing: Filing) -> Iterator[Obstacle]:
    envelope = filing.envelope
    controls = (
        envelope.interchange_control,
        envelope.group_control,
        envelope.first_set_control,
    )
    if not all(1 <= number <= MOST_CONTROL for number in controls):
        yield _admin("control_number_unusable", "Control numbers run from 1 to 999999999.")
    if envelope.created_at.tzinfo is None:
        yield _admin("moment_without_zone", "The file's moment needs a time zone.")
    if not _PHONE.fullmatch(filing.submitter.phone):
        yield _admin("submitter_phone_malformed", "Record the submitter's phone: ten digits.")
    names = [claim.identifier for claim in filing.claims]
    if not names:
        yield _admin("no_claims", "A file holds one claim at least.")
    if len(set(names)) < len(names):
        yield _admin("claim_twice", "A claim is in the file twice.")


def _file_texts(filing: Filing) -> Iterator[_Text]:
    for whose, partner in (
        ("sender", filing.envelope.sender),
        ("receiver", filing.envelope.receiver),
    ):
        yield from _partner_texts(whose, partner)
    yield _Text("the submitter's name", filing.submitter.name, 60, "admin")
    yield _Text("the submitter's id", filing.submitter.id, 80, "admin")
    yield _Text("the submitter's contact", filing.submitter.contact_name, 60, "admin")
    for whose, payer in (("receiver", filing.receiver), ("payer", filing.payer)):
        yield _Text(f"the {whose}'s name", payer.name, 60, "admin")
        yield _Text(f"the {whose}'s id", payer.id, 80, "admin")


def _partner_texts(whose: str, partner: TradingPartner) -> Iterator[_Text]:
    yield _Text(f"the {whose}'s qualifier", partner.qualifier, 2, "admin")
    yield _Text(f"the {whose}'s interchange id", partner.id, 15, "admin")
    yield _Text(f"the {whose}'s group code", partner.group_code, 15, "admin")


def _claim_texts(draft: ClaimDraft) -> Iterator[_Text]:
    parties = draft.parties
    if parties.billing is not None:
        yield _Text("the practice's name", parties.billing.name, 60, "admin")
        yield from _address_texts("practice", parties.billing.address, "admin")
    if parties.practitioner_name is not None:
        yield from _name_texts("billing practitioner", parties.practitioner_name, "admin")
    if parties.subscriber is not None:
        yield from _name_texts("patient", parties.subscriber.name, "biller")
        if parties.subscriber.address is not None:
            yield from _address_texts("patient", parties.subscriber.address, "biller")
    if draft.related is not None and draft.related.payer_control_number:
        number = draft.related.payer_control_number
        yield _Text("the payer's number of the earlier claim", number, 50, "biller")


def _name_texts(whose: str, name: PersonName, owner: str) -> Iterator[_Text]:
    yield _Text(f"the {whose}'s family name", name.family, 60, owner)
    yield _Text(f"the {whose}'s given name", name.given, 35, owner)
    if name.middle:
        yield _Text(f"the {whose}'s middle name", name.middle, 25, owner)
    if name.suffix:
        yield _Text(f"the {whose}'s name suffix", name.suffix, 10, owner)


def _address_texts(whose: str, address: Address, owner: str) -> Iterator[_Text]:
    yield _Text(f"the {whose}'s street", address.line, 55, owner)
    if address.line2:
        yield _Text(f"the {whose}'s second address line", address.line2, 55, owner)
    yield _Text(f"the {whose}'s city", address.city, 30, owner)
    yield _Text(f"the {whose}'s ZIP code", plain_zip(address.postal_code), 15, owner)


def _misfits(texts: Iterator[_Text]) -> Iterator[Obstacle]:
    for text in texts:
        value = written(text.value)
        name = text.what.removeprefix("the ").replace("'s", "").replace(" ", "_").lower()
        if not _ALLOWED.fullmatch(value):
            yield Obstacle(
                code=f"characters_{name}",
                owner=text.owner,
                fix=f"A claim file takes letters without accents, digits and plain punctuation: "
                f"write {text.what} so. Nothing is replaced by itself.",
            )
        elif not 1 <= len(value) <= text.most:
            yield Obstacle(
                code=f"length_{name}",
                owner=text.owner,
                fix=f"A claim file has room for {text.most} characters of {text.what}, and needs "
                "one at least: write it so. Nothing is cut by itself.",
            )


def _admin(code: str, fix: str) -> Obstacle:
    return Obstacle(code=code, owner="admin", fix=fix)
