"""Makers of filings, and a reader of 837P files that shares no code with their writer's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from ccm_fhir.domain.claims import (
    Address,
    BillingDetails,
    ClaimLine,
    ClaimParties,
    Frequency,
    PersonName,
    RelatedClaim,
    Subscriber,
)
from ccm_fhir.x12.filing import (
    Assignment,
    ClaimFile,
    Envelope,
    FiledClaim,
    Filing,
    FilingStatements,
    Payer,
    Submitter,
    TradingPartner,
)
from ccm_fhir.x12.professional import write_claims
from tests.builders import NEW_YORK
from tests.claims import IDENTIFIER, MBI_PLACES, PARTIES, draft

if TYPE_CHECKING:
    from ccm_fhir.x12.segments import Segment, TransactionSet

ENVELOPE = Envelope(
    sender=TradingPartner(qualifier="ZZ", id="EXAMPLEPRACTICE", group_code="EXAMPLE"),
    receiver=TradingPartner(qualifier="ZZ", id="EXAMPLEHOUSE", group_code="HOUSE"),
    interchange_control=17,
    group_control=5,
    first_set_control=1,
    created_at=datetime(2026, 12, 1, 9, 30, tzinfo=NEW_YORK),
    is_production=False,
)
STATEMENTS = FilingStatements(
    has_provider_signature=True,
    assignment=Assignment.ACCEPTED,
    are_benefits_assigned=True,
    may_release_information=True,
)
FAMILIES = ("Synthetic", "Example", "O'Invented", "De la Muestra", "Smith-Test")
CODES = ("E11.9", "I10", "J44.9", "N18.30", "I50.22", "I48.0", "E78.5", "F33.1", "M81.0", "G30.9")
NPIS = ("1234567893", "1999999018", "1245319599")


def filed(**changes: object) -> FiledClaim:
    """Return a clean draft as one claim of a file."""
    return FiledClaim(identifier=IDENTIFIER, draft=draft(**changes))


def filing(*claims: FiledClaim, **changes: object) -> Filing:
    """Return a filing of claims, or of the one clean claim."""
    made = Filing(
        envelope=ENVELOPE,
        submitter=Submitter(
            name="Example Family Medicine",
            id="EX1",
            contact_name="Billing Office",
            phone="5185550100",
        ),
        receiver=Payer(name="Example House", id="HOUSE"),
        payer=Payer(name="Medicare Part B of Example", id="13282"),
        statements=STATEMENTS,
        claims=claims or (filed(),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # a test's shorthand


def text_of(made: Filing) -> str:
    """Return the file of a filing that is known to be fit."""
    written = write_claims(made)
    assert isinstance(written, ClaimFile), written
    return written.content.decode("ascii")


def generated(count: int, seed: int = 7) -> tuple[FiledClaim, ...]:
    """Return claims of every kind there is, the same ones each time."""
    random = Random(seed)  # noqa: S311  # test data
    return tuple(_claim(random) for _ in range(count))


def _claim(random: Random) -> FiledClaim:
    lines = _lines(random)
    frequency = random.choice((Frequency.ORIGINAL, Frequency.ORIGINAL, *Frequency))
    related = None
    if frequency is not Frequency.ORIGINAL:
        number = f"PCN{random.randrange(10**9)}"
        related = RelatedClaim(identifier="earlier", payer_control_number=number)
    diagnoses = random.sample(CODES, random.randint(2, len(CODES)))
    pointers = tuple(range(1, min(len(diagnoses), 4) + 1))
    made = draft(
        parties=_parties(random),
        diagnoses=tuple(diagnoses),
        lines=tuple(replace(line, pointers=pointers) for line in lines),
        frequency=frequency,
        related=related,
    )
    return FiledClaim(identifier=f"{random.getrandbits(128):032x}", draft=made)


def _lines(random: Random) -> tuple[ClaimLine, ...]:
    base, addition, most = random.choice(
        (("99490", "99439", 2), ("99487", "99489", 10), ("99491", "99437", 2))
    )
    day = date(2026, 11, random.randint(1, 30))

    def line(code: str, units: int) -> ClaimLine:
        charge = Decimal(random.randrange(1, 100_000)) / 100
        modifiers = tuple(random.sample(("25", "GV", "KX", "Q6"), random.randint(0, 2)))
        return ClaimLine(
            code=code,
            units=units,
            unit_charge_usd=charge,
            serviced_on=day,
            pointers=(1,),
            modifiers=modifiers,
        )

    more = random.randint(0, most)
    return (line(base, 1), line(addition, more)) if more else (line(base, 1),)


def _parties(random: Random) -> ClaimParties:
    family = random.choice(FAMILIES)
    street = f"{random.randint(1, 9999)} Example Street #{random.randint(1, 99)}"
    return replace(
        PARTIES,
        patient_ref=f"Patient/{random.randrange(10**6)}",
        practice_npi=random.choice(NPIS),
        practitioner_npi=random.choice(NPIS),
        place_of_service=random.choice(("11", "19", "22")),
        billing=BillingDetails(
            name=random.choice(("Example Family Medicine", "Sample Clinic, P.C. & Sons")),
            tax_id=f"{random.randrange(10**9):09d}",
            taxonomy="261QP2300X",
            address=Address(line=street, city="Albany", state="NY", postal_code="12207-0001"),
        ),
        practitioner_name=PersonName(family=family, given="Ada", middle=random.choice(("", "Q"))),
        subscriber=Subscriber(
            mbi="".join(random.choice(place) for place in MBI_PLACES),
            name=PersonName(family=family, given="Maria", suffix=random.choice(("", "Jr"))),
            birth_date=date(1930, 1, 1) + timedelta(days=random.randrange(12_000)),
            gender=random.choice(("male", "female", "unknown")),
            address=Address(line=street, city="Troy", state="NY", postal_code="12180"),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadLine:
    """One 2400."""

    code: str
    modifiers: tuple[str, ...]
    charge: Decimal
    units: int
    pointers: tuple[int, ...]
    serviced_on: date
    control: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadClaim:
    """One 2300 with the loops above it."""

    number: str
    total: Decimal
    place: str
    frequency: str
    original: str
    diagnoses: tuple[str, ...]
    billing_npi: str
    rendering_npi: str
    mbi: str
    family: str
    born: str
    gender: str
    payer: str
    lines: tuple[ReadLine, ...]


def read_claims(transaction: TransactionSet) -> tuple[ReadClaim, ...]:
    """Return the claims of an 837P, element by element, by the guide's positions."""
    context: dict[str, str] = {}
    claims: list[dict[str, object]] = []
    lines: list[list[dict[str, object]]] = []
    for segment in transaction.segments:
        _read(segment, context, claims, lines)
    return tuple(
        ReadClaim(
            **claim,  # type: ignore[arg-type]
            lines=tuple(ReadLine(**one) for one in its),  # type: ignore[arg-type]
        )
        for claim, its in zip(claims, lines, strict=True)
    )


def _read(  # noqa: C901, PLR0912, PLR0915  # a table of segments
    segment: Segment,
    context: dict[str, str],
    claims: list[dict[str, object]],
    lines: list[list[dict[str, object]]],
) -> None:
    get = segment.get
    match (segment.name, get(1)):
        case ("NM1", "85"):
            context["billing_npi"] = get(9)
        case ("NM1", "IL"):
            context |= {"mbi": get(9), "family": get(3)}
        case ("DMG", _):
            context |= {"born": get(2), "gender": get(3)}
        case ("NM1", "PR"):
            context["payer"] = get(9)
        case ("CLM", number):
            place, _, frequency = segment.parts(5)
            claims.append(
                {
                    **context,
                    "number": number,
                    "total": segment.amount(2),
                    "place": place,
                    "frequency": frequency,
                    "original": "",
                    "diagnoses": (),
                    "rendering_npi": context["billing_npi"],
                }
            )
            lines.append([])
        case ("REF", "F8"):
            claims[-1]["original"] = get(2)
        case ("HI", _):
            pairs = [segment.parts(place) for place in range(1, len(segment.elements) + 1)]
            assert [kind for kind, _ in pairs] == ["ABK", *["ABF"] * (len(pairs) - 1)]
            claims[-1]["diagnoses"] = tuple(code for _, code in pairs)
        case ("NM1", "82"):
            claims[-1]["rendering_npi"] = get(9)
        case ("SV1", _):
            kind, code, *modifiers = segment.parts(1)
            assert (kind, get(3)) == ("HC", "UN")
            lines[-1].append(
                {
                    "code": code,
                    "modifiers": tuple(modifiers),
                    "charge": segment.amount(2),
                    "units": int(get(4)),
                    "pointers": tuple(int(one) for one in segment.parts(7)),
                }
            )
        case ("DTP", "472"):
            lines[-1][-1]["serviced_on"] = segment.day(3)
        case ("REF", "6R"):
            lines[-1][-1]["control"] = get(2)
        case _:
            pass
