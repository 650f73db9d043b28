"""One patient drawn: who they are, what they have, who pays, and the lines that say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import TypeVar

from fhir_fixtures.practice.codes import CPT, ICD10CM, SNOMED
from fhir_fixtures.practice.population import templates as t
from fhir_fixtures.practice.population.diseases import (
    ACUTE,
    CHRONIC,
    PRIMARY_CANCER,
    SPREAD,
    Disease,
)
from fhir_fixtures.practice.population.payers import POLICIES, policies_of
from fhir_fixtures.practice.population.told import (
    AwayAllMonth,
    Counts,
    Doubtful,
    Effect,
    Elsewhere,
    Life,
    Line,
    Pays,
    Revoked,
)

CONDITIONS, ENCOUNTERS = 12, 6
_ACTIVE = t.hl7("condition-clinical", "active")
_RESOLVED = t.hl7("condition-clinical", "resolved")
_REMISSION = t.hl7("condition-clinical", "remission")
_CONFIRMED = t.hl7("condition-ver-status", "confirmed")
_REFUTED = t.hl7("condition-ver-status", "refuted")
_PROVISIONAL = t.hl7("condition-ver-status", "provisional")
_UNNAMED = ("Chronic pain, see the letter", "As told by the family", "Old trouble, again")
_STATEMENTS = ("availability", "cost-sharing", "one-practitioner", "right-to-stop")
_TOLD = ",".join(
    t.concept(("https://sandbox.example.org/fhir/CodeSystem/ccm-consent-statement", s, s))
    for s in _STATEMENTS
)
_VISITS = ("99213", "99214", "G0439", "99212")
_LENGTHS = (0, 1, 1, 2, 2, 2, 3, 3, 4, 5)  # how many diseases; a tenth have none
_HALF, _OFTEN, _SELDOM, _RARELY = 0.5, 0.3, 0.1, 0.005
_LIVES = (
    (0.03, Life.DEAD_BEFORE),
    (0.035, Life.DEAD_UNDATED),
    (0.04, Life.DEAD_WITHIN),
    (1.0, Life.LIVING),
)
_OTHERS = (
    (0.02, "text"),
    (0.04, "provisional"),
    (0.05, "remission"),
    (0.07, "refuted"),
    (0.12, "resolved"),
    (1.0, "acute"),
)
_CONSENTS = ((0.02, "revoked"), (0.25, "given"), (1.0, "none"))
_ELSEWHERE = ((0.02, "now"), (0.05, "before"), (1.0, "none"))
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days that charts speak of, as of one day."""

    as_of: date

    @property
    def first_day(self) -> date:
        """The first day of the month."""
        return self.as_of.replace(day=1)

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return (self.first_day + timedelta(days=31)).replace(day=1) - timedelta(days=1)

    def ago(self, days: int) -> str:
        """Return the day so many days before the month began."""
        return (self.first_day - timedelta(days=days)).isoformat()


@dataclass(slots=True)
class Drawing:
    """One patient being drawn."""

    random: Callable[[], float]
    patient: str
    calendar: Calendar
    days: tuple[str, ...]

    def below(self, count: int) -> int:
        """Return a number from 0 to one less than the count."""
        return int(self.random() * count)

    def one_of(self, items: tuple[_Item, ...]) -> _Item:
        """Return one of the items."""
        return items[int(self.random() * len(items))]

    def day(self, within: int) -> str:
        """Return a day before the month, at most so many days."""
        return self.days[int(self.random() * within)]

    def line(self, orders: tuple[str, ...], mark: str, effect: Effect, **gaps: str) -> Line:
        """Return a resource, its gaps filled."""
        kind = _KINDS[orders]
        gaps |= {
            "id": f"{self.patient}{mark}",
            "patient": self.patient,
            "version": "2",
            "updated": f"{self.days[0]}T08:30:00Z",
            "doctor": str(self.below(400)),
        }
        return Line(kind, self.one_of(orders) % gaps, effect)


_KINDS = {
    t.PATIENT: "Patient",
    t.CONDITION: "Condition",
    t.ENCOUNTER: "Encounter",
    t.COVERAGE: "Coverage",
    t.CONSENT: "Consent",
    t.CARE_PLAN: "CarePlan",
    t.CLAIM: "Claim",
    t.PROCEDURE: "Procedure",
}


def days_before(calendar: Calendar) -> tuple[str, ...]:
    """Return the days before the month, latest first, for ten years."""
    return tuple(calendar.ago(days) for days in range(1, 3650))


def draw(
    seed: int, index: int, calendar: Calendar, days: tuple[str, ...]
) -> tuple[str, list[Line]]:
    """Return a patient's id and lines."""
    rng = Random(seed * 1_000_003 + index)  # noqa: S311  # data, no secret
    drawing = Drawing(rng.random, f"p{index:07d}", calendar, days)
    lines = [_patient(drawing)]
    lines += _coverages(drawing)
    lines += _conditions(drawing)
    lines += _encounters(drawing)
    lines += _enrolment(drawing)
    lines += _claims(drawing)
    return drawing.patient, lines


def _patient(d: Drawing) -> Line:
    life = _drawn(_LIVES, d.random())
    death = {
        Life.LIVING: "",
        Life.DEAD_BEFORE: f',"deceasedDateTime":"{d.day(900)}"',
        Life.DEAD_UNDATED: ',"deceasedBoolean":true',
        Life.DEAD_WITHIN: f',"deceasedDateTime":"{d.calendar.first_day.isoformat()}"',
    }[life]
    born = f"{1930 + d.below(60)}-{1 + d.below(12):02d}-{1 + d.below(28):02d}"
    gender = "female" if d.random() < _HALF else "male"
    return d.line(t.PATIENT, "", life, death=death, born=born, gender=gender)


def _coverages(d: Drawing) -> Iterator[Line]:
    for number, payer in enumerate(policies_of(d.random())):
        policy = POLICIES[payer]
        end = policy.end(d.calendar)
        yield d.line(
            t.COVERAGE,
            f"-v{number}",
            Pays(payer),
            type=policy.type,
            start=d.days[3000],
            end=f',"end":"{end}"' if end else "",
            payor=policy.payor,
            payor_name=policy.payor_name,
            **{"class": policy.class_},
        )


def _conditions(d: Drawing) -> Iterator[Line]:
    diseases: list[Disease] = []
    for _ in range(d.one_of(_LENGTHS)):
        disease = d.one_of(CHRONIC)
        if disease not in diseases:
            diseases.append(disease)
    if any(each.family == PRIMARY_CANCER for each in diseases) and d.random() < _OFTEN:
        diseases.append(SPREAD)
    number = 0
    for disease in diseases:
        for _ in range(2 if d.random() < _OFTEN else 1):
            yield _condition(d, number, Counts(disease.family), *_code(d, disease))
            number += 1
    while number < CONDITIONS:
        yield _other(d, number)
        number += 1


def _code(d: Drawing, disease: Disease) -> tuple[str, str]:
    """Return a disease's code as a chart writes it, and its words."""
    code, title = d.one_of(disease.codes)
    icd = (ICD10CM, code, title)
    if disease.snomed is None or d.random() < _HALF:
        return t.concept(icd, text=title), title
    snomed = (SNOMED, *disease.snomed)
    if d.random() < _HALF:
        return t.concept(icd, snomed, text=title), title
    return t.concept(snomed, text=title), title


def _other(d: Drawing, number: int) -> Line:
    """Return a Condition that counts for nothing, or is in doubt."""
    kind = _drawn(_OTHERS, d.random())
    if kind == "text":
        words = d.one_of(_UNNAMED)
        return _condition(d, number, Doubtful(""), t.concept(text=words), words)
    if kind == "acute":
        code, title = d.one_of(ACUTE)
        over = _over(d) if d.random() < _HALF else {}
        return _condition(
            d, number, None, t.concept((ICD10CM, code, title), text=title), title, **over
        )
    disease = d.one_of(CHRONIC)
    effect = Doubtful(disease.family) if kind in {"provisional", "remission"} else None
    changes = {
        "provisional": {"verification": _PROVISIONAL},
        "remission": {"clinical": _REMISSION},
        "refuted": {"verification": _REFUTED},
        "resolved": _over(d),
    }[kind]
    return _condition(d, number, effect, *_code(d, disease), **changes)


def _over(d: Drawing) -> dict[str, str]:
    return {"clinical": _RESOLVED, "ended": f',"abatementDateTime":"{d.day(300)}"'}


def _condition(
    d: Drawing, number: int, effect: Effect, code: str, words: str, **changes: str
) -> Line:
    onset = d.below(2000) + 400
    gaps = {
        "code": code,
        "words": words,
        "clinical": _ACTIVE,
        "verification": _CONFIRMED,
        "ended": "",
        "onset": d.days[onset],
        "recorded": d.days[onset - 20],
    }
    return d.line(t.CONDITION, f"-c{number}", effect, **(gaps | changes))


def _encounters(d: Drawing) -> Iterator[Line]:
    is_away = d.random() < _RARELY
    for number in range(ENCOUNTERS):
        day = d.day(1500)
        if number == 0 and is_away:
            until = (d.calendar.last_day + timedelta(days=5)).isoformat()
            yield _encounter(d, number, AwayAllMonth(), "IMP", (d.days[4], until))
        elif d.random() < _SELDOM:
            yield _encounter(d, number, None, "IMP", (d.days[60], d.days[55]))
        else:
            yield _encounter(d, number, None, "AMB", (day, day))


def _encounter(d: Drawing, number: int, effect: Effect, kind: str, days: tuple[str, str]) -> Line:
    is_coded = kind == "AMB" and d.random() >= _SELDOM
    types = t.concept((CPT, d.one_of(_VISITS), "")) if is_coded else t.concept(text="Visit")
    return d.line(
        t.ENCOUNTER,
        f"-e{number}",
        effect,
        type=types,
        start=f"{days[0]}T09:00:00-05:00",
        end=f"{days[1]}T09:30:00-05:00",
        **{"class": kind},
    )


def _enrolment(d: Drawing) -> Iterator[Line]:
    consent = _drawn(_CONSENTS, d.random())
    given = d.day(700)
    if consent == "given":
        yield _consent(d, None, given=given, end="", status="active")
    elif consent == "revoked":
        over = f',"end":"{d.days[0]}"'
        yield _consent(d, Revoked(), given=given, end=over, status="inactive")
    if d.random() < _OFTEN:
        yield d.line(t.CARE_PLAN, "-p", None, start=d.day(500))


def _consent(d: Drawing, effect: Effect, **gaps: str) -> Line:
    return d.line(t.CONSENT, "-s", effect, told=_TOLD, **gaps)


def _claims(d: Drawing) -> Iterator[Line]:
    elsewhere = _drawn(_ELSEWHERE, d.random())
    if elsewhere == "now":
        day = d.calendar.first_day.isoformat()
        yield _claim(d, "-m0", Elsewhere(), cpt="99490", day=day, provider="org-elsewhere")
    elif elsewhere == "before":
        yield _claim(d, "-m0", None, cpt="99490", day=d.days[20], provider="org-elsewhere")
    if d.random() < _OFTEN:
        yield _claim(d, "-m1", None, cpt="99213", day=d.day(400), provider="org-1")
    if d.random() < _OFTEN:
        yield d.line(t.PROCEDURE, "-r", None, day=d.day(400))


def _claim(d: Drawing, mark: str, effect: Effect, **gaps: str) -> Line:
    return d.line(t.CLAIM, mark, effect, coverage=f"{d.patient}-v0", **gaps)


def _drawn(shares: tuple[tuple[float, _Item], ...], chance: float) -> _Item:
    """Return what a chance falls upon; each share says below which chance it lies."""
    return next(item for below, item in shares if chance < below)
