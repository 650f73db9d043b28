"""The connection check as a list: each check with its state, in the words of ccm-fhir doctor."""

from __future__ import annotations

from dataclasses import dataclass

from ccm_fhir.domain.writeback import Rung, WritePlan
from ccm_fhir.services.diagnosis import Check, CheckName, CheckState, Diagnosis, ResourceAccess
from smart_app.views.tones import Tone

_STATES = {
    CheckState.OK: (Tone.GOOD, "In order"),
    CheckState.WARNING: (Tone.OPEN, "Look at this"),
    CheckState.FAILED: (Tone.BAD, "Failed"),
    CheckState.UNREACHABLE: (Tone.BAD, "No answer"),
    CheckState.SKIPPED: (Tone.PLAIN, "Not looked at"),
}
_NAMES = {
    CheckName.DISCOVERY: "Discovery",
    CheckName.SIGNING_KEYS: "The EHR’s signing keys",
    CheckName.STATEMENT: "CapabilityStatement",
    CheckName.CLOCK: "Clocks",
    CheckName.TOKEN: "Token for our key",
    CheckName.SCOPES: "Scopes",
    CheckName.PACE: "Pace",
}
_IN_A_FRAME = frozenset({"iframe", "frame", "embed", "object"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckView:
    """One thing that was looked at."""

    name: str
    tone: Tone
    state: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceView:
    """Whether a type can be read and created."""

    name: str
    reads: str
    creates: str
    missing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RungView:
    """One way in which something could reach the EHR."""

    number: int
    brings: str
    tone: Tone
    state: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanView:
    """Where one kind of write goes, and what else there is."""

    what: str
    live: str
    live_tone: Tone
    live_state: str
    sentence: str
    rungs: tuple[RungView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionView:
    """Everything the page prints; ``said`` is empty before the EHR was looked over."""

    ehr: str
    browser: CheckView
    said: str
    base: str
    checks: tuple[CheckView, ...]
    statement: str
    resources: tuple[ResourceView, ...]
    plans: tuple[PlanView, ...]


def connection_page(ehr: str, opened_in: str, found: Diagnosis | None) -> ConnectionView:
    """Return the page; ``opened_in`` is what the browser says the page was fetched for."""
    return ConnectionView(
        ehr=ehr,
        browser=_browser(opened_in),
        said="" if found is None else _said(found),
        base="" if found is None else found.fhir_base,
        checks=() if found is None else tuple(_check(one) for one in found.checks),
        statement="" if found is None else _statement(found),
        resources=() if found is None else tuple(_resource(one) for one in found.resources),
        plans=() if found is None else tuple(_plan(one) for one in found.plans),
    )


def _browser(opened_in: str) -> CheckView:
    """Return the test of cookie and frame: that this page is shown at all proves the cookie."""
    name, kept = "Cookie and frame", "The browser sent the session’s cookie"
    if opened_in in _IN_A_FRAME:
        told = f"{kept}, and shows the app inside the EHR’s frame: both work here."
        return CheckView(name=name, tone=Tone.GOOD, state="In order", sentence=told)
    if opened_in:
        told = (
            f"{kept}. The app is in a window of its own, so the frame is not tested: open it "
            "from inside a chart and come back to this page."
        )
        return CheckView(name=name, tone=Tone.PLAIN, state="Half tested", sentence=told)
    told = (
        f"{kept}. It does not say whether the app is inside a frame; if the page stands inside "
        "the EHR’s window, both work."
    )
    return CheckView(name=name, tone=Tone.PLAIN, state="Half tested", sentence=told)


def _said(found: Diagnosis) -> str:
    at = f"Looked over at {found.checked_at:%Y-%m-%d %H:%M:%S} UTC; nothing was written."
    if found.is_unreachable:
        return f"The EHR gave no answer to something that was asked. {at}"
    if found.has_failed:
        return f"Something must be put right before anything can be written. {at}"
    if any(check.state is not CheckState.OK for check in found.checks):
        return f"Nothing failed; look at what is marked. {at}"
    return f"Nothing stands in the way. {at}"


def _check(check: Check) -> CheckView:
    tone, state = _STATES[check.state]
    return CheckView(name=_NAMES[check.name], tone=tone, state=state, sentence=check.sentence)


def _statement(found: Diagnosis) -> str:
    fact = found.statement
    if fact is None:
        return "No CapabilityStatement was ever read: the plan below knows nothing."
    return (
        f"By its CapabilityStatement: {fact.software or 'software not named'}, FHIR "
        f"{fact.fhir_version}. It declares this since {fact.declares_this_since:%Y-%m-%d} or "
        f"longer (SHA-256 {fact.declared_sha256[:16]}…)."
    )


def _resource(one: ResourceAccess) -> ResourceView:
    return ResourceView(
        name=one.resource_type,
        reads="Yes" if one.is_readable else "No",
        creates="Yes" if one.is_creatable else "No",
        missing="; ".join(one.missing),
    )


def _plan(plan: WritePlan) -> PlanView:
    what = plan.artefact.value.replace("_", " ")
    return PlanView(
        what=what[0].upper() + what[1:],
        live=f"{plan.live.number}. {plan.live.brings}",
        live_tone=Tone.OPEN if plan.live.is_unknown else Tone.GOOD,
        live_state="Waits" if plan.live.is_unknown else "Goes here now",
        sentence=plan.sentence,
        rungs=tuple(_rung(one) for one in plan.rungs),
    )


def _rung(rung: Rung) -> RungView:
    if rung.is_unknown:
        tone, state = Tone.OPEN, "Not known yet"
    elif rung.is_live:
        tone, state = Tone.GOOD, "Goes here now"
    elif rung.is_possible:
        tone, state = Tone.PLAIN, "Possible"
    else:
        tone, state = Tone.OPEN, "Not possible"
    return RungView(
        number=rung.number,
        brings=rung.brings,
        tone=tone,
        state=state,
        sentence="" if rung.is_possible else rung.sentence,
    )
