"""What every page carries around its own content."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ccm_fhir.domain.codes import Role
from ccm_fhir.domain.dates import ServiceMonth
from ccm_fhir.services.approvals import APPROVERS
from ccm_fhir.services.audit_packet import EXPORTERS
from ccm_fhir.services.month_locks import LOCKERS
from ccm_fhir.services.sessions import Visit
from ccm_fhir.services.timers import KEEPERS
from smart_app.views.formats import month_name
from smart_app.views.timer import TimerView
from smart_app.views.wording import ROLES

PATIENT = "patient"
MONTH = "month"
PROGRESS = "progress"
CONSENT = "consent"
EVIDENCE = "evidence"
TIMER = "timer"
PLAN = "plan"
CHOICE = "choice"
PRACTICE = "practice"
CONNECTION = "connection"
LOCATIONS = "locations"
EHRS = "ehrs"
SESSIONS = "sessions"
ENTRY = "entry"
APPROVALS = "approvals"
SIGN_ALL = "sign_all"
INBOX = "inbox"
LOCK = "lock"
NEEDS = "needs"
HAND_OFF = "hand-off"
CLAIM = "claim"
PAYMENTS = "payments"
_TITLES = {
    PATIENT: "Patient",
    MONTH: "All patients",
    PROGRESS: "On the way to the EHR",
    CONSENT: "Consent",
    EVIDENCE: "Evidence",
    TIMER: "My time",
    PLAN: "Care plan",
    CHOICE: "What the practice reports",
    PRACTICE: "Practice",
    LOCATIONS: "Locations",
    CONNECTION: "Connection to the EHR",
    EHRS: "The practice’s EHRs",
    SESSIONS: "Who is signed in",
    ENTRY: "An entry of the time log",
    APPROVALS: "Approvals",
    SIGN_ALL: "Sign clean months",
    INBOX: "Decision making to attest",
    LOCK: "The month’s lock",
    NEEDS: "Needs a person",
    HAND_OFF: "To be keyed into the EHR",
    CLAIM: "The month’s claims",
    PAYMENTS: "What was paid",
}


class Done(StrEnum):
    """What has just been done; the only notices an address may ask for."""

    TIME = "time"
    VOID = "void"
    CORRECTED = "corrected"
    APPROVED = "approved"
    NOT_APPROVED = "not-approved"
    CHART = "chart"
    SIGNED = "signed"
    CONSENT = "consent"
    DECLINED = "declined"
    REVOKED = "revoked"
    PAUSED = "paused"
    RESUMED = "resumed"
    ELSEWHERE = "elsewhere"
    CONSENT_BACK = "consent-back"
    CONDITION = "condition"
    TIMER_SAVED = "timer-saved"
    TIMER_PARTLY = "timer-partly"
    TIMER_SHARED = "timer-shared"
    TIMER_DISCARDED = "timer-discarded"
    CHOICE = "choice"
    EXCEPTION = "exception"
    MDM = "mdm"
    PRACTICE = "practice"
    LOCATION = "location"
    PLACED = "placed"
    LOCK = "lock"
    RETRIED = "retried"
    ANOTHER_WAY = "another-way"
    KEYED = "keyed"
    PLAN_SAVED = "plan-saved"
    PLAN_ADOPTED = "plan-adopted"
    PLAN_RESTARTED = "plan-restarted"
    PLAN_REVIEWED = "plan-reviewed"
    PLAN_CALL = "plan-call"
    PLAN_COPY = "plan-copy"
    PLAN_TASK = "plan-task"
    PLAN_TASK_ENDED = "plan-task-ended"
    PLAN_ADDED = "plan-added"
    OVERRIDE = "override"
    EHR_ADDED = "ehr-added"
    EHR_CLIENT = "ehr-client"
    EHR_OFF = "ehr-off"
    EHR_ON = "ehr-on"
    SESSIONS_ENDED = "sessions-ended"
    CORRECTION = "correction"
    VOIDED = "voided"
    CLAIM_SAID = "claim-said"


NOTICES: dict[Done, str] = {
    Done.TIME: "Time recorded.",
    Done.VOID: "The entry was taken back. It stays in the history.",
    Done.CORRECTED: "The correction is recorded. The entry as it was stays in the history.",
    Done.APPROVED: "The time is approved: it counts, and goes to the EHR.",
    Done.NOT_APPROVED: "Recorded that the time is not approved; it will not count.",
    Done.CHART: "The chart was read again.",
    Done.SIGNED: "The month is signed.",
    Done.CONSENT: "Consent recorded.",
    Done.DECLINED: "Recorded that the patient declined.",
    Done.REVOKED: "The revocation is recorded; it takes effect with the end of its month.",
    Done.PAUSED: "The pause is recorded; months after this one wait until it is over.",
    Done.RESUMED: "It is recorded that the pause is over.",
    Done.ELSEWHERE: "It is recorded that another practice manages the patient’s care.",
    Done.CONSENT_BACK: "The record was taken back. It stays in the history.",
    Done.CONDITION: "Your judgement is recorded.",
    Done.TIMER_SAVED: "The timer was saved to the time log.",
    Done.TIMER_PARTLY: (
        "The timer was saved. Some of it was in your time log already and is not there twice."
    ),
    Done.TIMER_SHARED: (
        "The timer was saved. Somebody else worked for this patient at the same time: a moment "
        "counts once, and the time log says what is left out."
    ),
    Done.TIMER_DISCARDED: "The timer was discarded. It can be brought back under My time.",
    Done.CHOICE: "The choice is recorded.",
    Done.EXCEPTION: "What this month reports is recorded.",
    Done.PRACTICE: "The practice’s setting is recorded.",
    Done.LOCATION: "The location is recorded.",
    Done.PLACED: "Where the patient is seen is recorded.",
    Done.LOCK: "The lock is recorded.",
    Done.RETRIED: "It goes on: the EHR is searched first, and it is sent if it is not there.",
    Done.ANOTHER_WAY: "Another way takes it over; the line says which.",
    Done.KEYED: "Recorded as entered by hand, under your name.",
    Done.PLAN_SAVED: "The draft is saved.",
    Done.PLAN_ADOPTED: "The plan is adopted. Give the patient a copy.",
    Done.PLAN_RESTARTED: "Your draft was thrown away.",
    Done.PLAN_REVIEWED: "The review is ended; the plan is dated today.",
    Done.PLAN_CALL: "The call is recorded.",
    Done.PLAN_TASK: "The task is recorded.",
    Done.PLAN_TASK_ENDED: "The task is ended.",
    Done.PLAN_ADDED: "It is in your draft. Adopt the draft to have it in the plan.",
    Done.PLAN_COPY: "It is recorded that a copy was given.",
    Done.OVERRIDE: "It is signed and recorded; look the EHR over to see what follows from it.",
    Done.EHR_ADDED: (
        "The EHR answered and is registered. Its administrator now needs what stands below."
    ),
    Done.EHR_CLIENT: "The client is recorded; look the EHR over to see whether it is taken.",
    Done.EHR_OFF: "The EHR is disconnected: nobody opens the app from it, and it is sent nothing.",
    Done.EHR_ON: "The EHR is connected; what waited for it goes on.",
    Done.SESSIONS_ENDED: "The sessions are ended.",
    Done.CORRECTION: "The month is open again; the claim stands until another is signed.",
    Done.VOIDED: "The void is signed and on its way.",
    Done.CLAIM_SAID: "What you said of the claim is recorded.",
    Done.MDM: "What you said of the decision making is recorded.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameView:
    """The page's frame: whose session, which launch, what was just done.

    ``title`` never holds anything from a chart: browsers keep titles in their history.
    ``here`` names the page in the bar that is shown.
    """

    title: str
    is_demo: bool
    launch_id: str = ""
    csrf: str = field(default="", repr=False)
    person: str = field(default="", repr=False)
    role: str = ""
    has_patient: bool = False
    month: str = ""
    here: str = ""
    notice: str = ""
    timers: tuple[TimerView, ...] = ()
    keeps_time: bool = False
    tab: str = ""
    sets_up: bool = False
    approves: bool = False
    closes: bool = False
    exports: bool = False


def bare_frame(title: str, *, is_demo: bool) -> FrameView:
    """Return the frame of a page outside any launch."""
    return FrameView(title=title, is_demo=is_demo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a frame shows beside its page."""

    is_demo: bool
    done: str = ""
    timers: tuple[TimerView, ...] = ()


def frame(visit: Visit, month: ServiceMonth, here: str, around: Around) -> FrameView:
    """Return the frame of a page inside an open launch."""
    return FrameView(
        title=f"{_TITLES[here]}, {month_name(month)}",
        is_demo=around.is_demo,
        launch_id=visit.launch_id,
        csrf=visit.csrf_token,
        person=visit.actor.name,
        role=ROLES[visit.actor.role],
        has_patient=visit.patient_id is not None,
        month=str(month),
        here=here,
        notice=NOTICES[Done(around.done)] if around.done in set(Done) else "",
        timers=around.timers,
        keeps_time=visit.actor.may(*KEEPERS),
        sets_up=visit.actor.may(Role.ADMIN),
        approves=visit.actor.may(*APPROVERS),
        closes=visit.actor.may(*LOCKERS),
        exports=visit.actor.may(*EXPORTERS),
    )
