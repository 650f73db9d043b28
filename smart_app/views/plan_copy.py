"""The patient's copy: large print, plain words, one language; the same for paper and PDF."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.plans.building import IN_THE_EHR
from ccm_fhir.domain.plans.parts import (
    AnyPart,
    Bound,
    Goal,
    Intervention,
    Performer,
    Review,
    Statement,
    Urgency,
    Wording,
)
from ccm_fhir.domain.rules import PlanElement
from ccm_fhir.services.plan_contact import CopyLanguage, PrintedPlan
from smart_app.views.plan_allergies import for_the_patient
from smart_app.views.plan_words import day_in

WORDS: dict[CopyLanguage, dict[str, str]] = {
    CopyLanguage.ENGLISH: {
        "title": "My care plan",
        "for": "For",
        "from": "From",
        "date": "Date",
        "conditions": "My health conditions",
        "expect": "What to expect",
        "goals": "My goals",
        "target": "Target",
        "by": "By",
        "what_i_do": "What I do",
        "what_team_does": "What my care team does",
        "caregiver_does": "What my caregiver does",
        "allergies": "My allergies",
        "medicines": "My medicines",
        "medicines_note": "Take your medicines as the label says. Bring this list to each visit.",
        "call": "When to call us",
        "emergency": "Call 911",
        "watch": "What to watch",
        "help": "Help at home and near me",
        "team": "My care team",
        "review": "We look at this plan again by",
        "yours": "This is your copy. Tell us if something is wrong or is not what you want.",
        "any_time": "You can reach your care team day or night.",
        "in_english": "in English",
    },
    CopyLanguage.SPANISH: {
        "title": "Mi plan de cuidado",
        "for": "Para",
        "from": "De",
        "date": "Fecha",
        "conditions": "Mis problemas de salud",
        "expect": "Qué puedo esperar",
        "goals": "Mis metas",
        "target": "Meta",
        "by": "Para el",
        "what_i_do": "Lo que hago yo",
        "what_team_does": "Lo que hace mi equipo de cuidado",
        "caregiver_does": "Lo que hace la persona que me cuida",
        "allergies": "Mis alergias",
        "medicines": "Mis medicinas",
        "medicines_note": "Tome sus medicinas como dice la etiqueta. Traiga esta lista a la cita.",
        "call": "Cuándo llamarnos",
        "emergency": "Llame al 911",
        "watch": "Qué vigilar",
        "help": "Ayuda en casa y cerca de mí",
        "team": "Mi equipo de cuidado",
        "review": "Revisaremos este plan antes del",
        "yours": "Esta es su copia. Díganos si algo está mal o no es lo que usted quiere.",
        "any_time": "Puede comunicarse con su equipo de cuidado de día o de noche.",
        "in_english": "en inglés",
    },
}
"""The copy's own words; both languages have the same keys, and a test says so."""

_BOUNDS = {
    CopyLanguage.ENGLISH: {
        Bound.BELOW: "below",
        Bound.AT_MOST: "at most",
        Bound.AT_LEAST: "at least",
    },
    CopyLanguage.SPANISH: {
        Bound.BELOW: "menos de",
        Bound.AT_MOST: "no más de",
        Bound.AT_LEAST: "al menos",
    },
}
_SPANISH_UNITS = {
    "days": "días",
    "points": "puntos",
    "hours": "horas",
    "beats a minute": "latidos por minuto",
}
_HELP = (
    PlanElement.COGNITIVE_FUNCTIONAL_ASSESSMENT,
    PlanElement.ENVIRONMENTAL_EVALUATION,
    PlanElement.CAREGIVER_ASSESSMENT,
    PlanElement.COMMUNITY_SERVICES,
)
_TEAM_WORK = (
    PlanElement.MEDICATION_MANAGEMENT,
    PlanElement.PLANNED_INTERVENTIONS,
    PlanElement.COORDINATION,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineView:
    """One line; ``lang`` is set where it stands in another language than the copy."""

    text: str = field(repr=False)
    more: str = field(repr=False, default="")
    lang: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockView:
    """One heading with its lines; ``tone`` marks what must not be missed.

    ``is_always_said``: that there is no line is something to be said.
    """

    title: str
    lines: tuple[LineView, ...]
    tone: str = ""
    note: str = ""
    is_always_said: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyView:
    """The whole copy."""

    lang: str
    words: dict[str, str]
    name: str = field(repr=False)
    practice: str
    dated: str
    message: str = field(repr=False)
    blocks: tuple[BlockView, ...]
    next_review: str
    team: tuple[str, ...] = field(repr=False)


def copy_view(printed: PrintedPlan, language: CopyLanguage) -> CopyView:
    """Return the copy of a version in one language."""
    copy = _Copy(printed=printed, language=language)
    plan = printed.version.plan
    next_on = plan.next_review_on
    return CopyView(
        lang=language.value,
        words=WORDS[language],
        name=printed.patient.name,
        practice=printed.practice_name,
        dated=day_in(printed.version.adopted_on, language),
        message="" if printed.record is None else printed.record.message,
        blocks=tuple(block for block in copy.blocks() if block.lines or block.is_always_said),
        next_review="" if next_on is None else day_in(next_on, language),
        team=tuple(member.name for member in plan.team),
    )


def copy_text(view: CopyView) -> str:
    """Return the words of a copy, one line each, to be hashed where it was given."""
    lines = [view.words["title"], view.practice, view.dated, view.message]
    for block in view.blocks:
        lines += [block.title, block.note]
        lines += [f"{line.text}\t{line.more}" for line in block.lines]
    return "\n".join([*lines, view.next_review, *view.team])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Copy:
    printed: PrintedPlan
    language: CopyLanguage

    @property
    def parts(self) -> tuple[AnyPart, ...]:
        return self.printed.version.plan.parts

    def word(self, key: str) -> str:
        return WORDS[self.language][key]

    def blocks(self) -> tuple[BlockView, ...]:
        plan = self.printed.version.plan
        medicines = self.block("medicines", *plan.medicines)
        return (
            BlockView(
                title=self.word("emergency"), lines=self.urgent(Urgency.EMERGENCY), tone="urgent"
            ),
            BlockView(title=self.word("call"), lines=self.urgent(Urgency.CALL), tone="call"),
            BlockView(title=self.word("watch"), lines=self.urgent(Urgency.WATCH)),
            self.block("conditions", *plan.problems),
            BlockView(title=self.word("goals"), lines=self.goals()),
            self.done_by("what_i_do", Performer.PATIENT),
            self.done_by("caregiver_does", Performer.CAREGIVER),
            self.by_the_team(),
            self.allergies(),
            BlockView(
                title=medicines.title, lines=medicines.lines, note=self.word("medicines_note")
            ),
            self.block("expect", *plan.of(PlanElement.EXPECTED_OUTCOME)),
            self.block("help", *(p for p in self.parts if p.element in _HELP)),
        )

    def allergies(self) -> BlockView:
        """Return the chart's allergies, in the chart's own words."""
        names, note = for_the_patient(self.printed.allergies, self.language)
        is_foreign = self.language is not CopyLanguage.ENGLISH
        lang = CopyLanguage.ENGLISH.value if is_foreign else ""
        marked = self.word("in_english") if is_foreign else ""
        lines = tuple(LineView(text=name, lang=lang, note=marked) for name in names)
        return BlockView(title=self.word("allergies"), lines=lines, note=note, is_always_said=True)

    def block(self, key: str, *parts: AnyPart) -> BlockView:
        lines = tuple(dict.fromkeys(self.line(part) for part in parts))
        return BlockView(title=self.word(key), lines=lines)

    def urgent(self, urgency: Urgency) -> tuple[LineView, ...]:
        return tuple(
            self.line(part)
            for part in self.parts
            if isinstance(part, Statement) and part.urgency is urgency
        )

    def goals(self) -> tuple[LineView, ...]:
        return tuple(
            self.line(goal, self.target(goal))
            for goal in self.printed.version.plan.goals
            if goal.is_open
        )

    def done_by(self, key: str, performer: Performer) -> BlockView:
        return self.block(
            key,
            *(
                part
                for part in self.parts
                if isinstance(part, Intervention) and part.performer is performer
            ),
        )

    def by_the_team(self) -> BlockView:
        own = {Performer.PATIENT, Performer.CAREGIVER}
        return self.block(
            "what_team_does",
            *(
                part
                for part in self.parts
                if (isinstance(part, Intervention) and part.performer not in own)
                or (isinstance(part, Statement) and part.element in _TEAM_WORK)
                or isinstance(part, Review)
            ),
        )

    def line(self, part: AnyPart, more: str = "") -> LineView:
        """Return a part in the copy's language; else in English, and marked so."""
        written = _in(part.patient, self.language)
        if written or self.language is CopyLanguage.ENGLISH:
            return LineView(text=written or part.text, more=more)
        return LineView(
            text=part.patient.english or part.text,
            more=more,
            lang=CopyLanguage.ENGLISH.value,
            note=self.word("in_english"),
        )

    def target(self, goal: Goal) -> str:
        due = "" if goal.due_on is None else day_in(goal.due_on, self.language)
        by = f" {self.word('by')} {due}." if due else ""
        if goal.target.value is None:
            return f"{self.in_words(goal)}{by}".strip()
        unit = goal.measure.unit
        if self.language is CopyLanguage.SPANISH:
            unit = _SPANISH_UNITS.get(unit, unit)
        label = _in(goal.measure.label, self.language)
        bound = _BOUNDS[self.language][goal.target.bound]
        said = f"{label}: {bound} {goal.target.value} {unit}".strip()
        return f"{self.word('target')}: {said}.{by}"

    def in_words(self, goal: Goal) -> str:
        """Return a target that people put into words; in Spanish it is marked as English."""
        said = goal.target.words.rstrip(".")
        if not said or said == IN_THE_EHR:
            return ""
        is_english = self.language is CopyLanguage.ENGLISH
        note = "" if is_english else f" ({self.word('in_english')})"
        return f"{self.word('target')}: {said}{note}."


def _in(wording: Wording, language: CopyLanguage) -> str:
    return wording.spanish if language is CopyLanguage.SPANISH else wording.english
