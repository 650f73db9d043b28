"""Pages for what went wrong: what happened, what to do, whom to ask; never what was sent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemView:
    """One plain page; ``retry`` is an address of ours to try again, or empty."""

    title: str
    happened: str
    to_do: str
    ask: str
    retry: str = ""
    retry_label: str = ""


_AGAIN = "Open this app again from the patient’s chart in the EHR."
_IT = "If it happens again, tell the person who looks after the EHR at your practice."

_EHR_INVALID = ProblemView(
    title="The EHR’s answer cannot be used",
    happened="The EHR answered, but not in the way that SMART App Launch promises.",
    to_do="Open this app again from the chart; if it fails twice, it will not mend by itself.",
    ask="Tell the person who looks after the EHR: its SMART configuration needs a look.",
)

LAUNCHES: dict[str, ProblemView] = {
    "unknown_issuer": ProblemView(
        title="This EHR is not connected",
        happened="The EHR that opened this app is not registered here, so nothing was asked of it.",
        to_do="An administrator of this app registers the EHR first.",
        ask="Tell your administrator which EHR you came from.",
    ),
    "missing_parameter": ProblemView(
        title="This app opens from the EHR",
        happened="The address you came by lacks what an EHR sends along.",
        to_do=_AGAIN,
        ask=_IT,
    ),
    "ehr_unreachable": ProblemView(
        title="The EHR does not answer",
        happened="We asked the EHR to let you in, and no answer came.",
        to_do="Wait a minute, then open this app again from the chart. Nothing was lost.",
        ask=_IT,
    ),
    "ehr_invalid": _EHR_INVALID,
    "no_authorization_endpoint": _EHR_INVALID,
    "state_unknown": ProblemView(
        title="This launch is no longer open",
        happened="It was finished already, took too long, or began in another browser.",
        to_do=_AGAIN,
        ask=_IT,
    ),
    "authorization_refused": ProblemView(
        title="Access was not granted",
        happened="The EHR did not let this app in: it was declined, or your account may not.",
        to_do="Open this app again and allow access.",
        ask="If you were not asked at all, the EHR’s administrator can give you access.",
    ),
    "token_response_invalid": ProblemView(
        title="The EHR did not finish the launch",
        happened="The EHR let you in but did not send what the app needs to go on.",
        to_do=_AGAIN,
        ask="Tell the person who looks after the EHR: the token response is incomplete.",
    ),
    "id_token_invalid": ProblemView(
        title="We cannot be sure who you are",
        happened="The EHR’s statement of who you are did not pass our checks, so we stopped.",
        to_do=_AGAIN,
        ask="Tell the person who looks after the EHR: the id_token was refused.",
    ),
    "fhir_user_missing": ProblemView(
        title="The EHR did not say who you are",
        happened=(
            "The EHR signed you in, but its statement of who you are (the id_token) names no "
            "person of its own (fhirUser)."
        ),
        to_do="It will not mend by itself. Nothing was opened and nothing was lost.",
        ask=(
            "Tell the person who looks after the EHR: this app needs the scopes openid and "
            "fhirUser, and your account must belong to a Practitioner."
        ),
    ),
    "user_not_approved": ProblemView(
        title="You have no role here yet",
        happened="The EHR told us who you are, but not a profession that works with this app.",
        to_do="An administrator of this app gives you a role; then open it again.",
        ask="Ask your administrator for a role: care manager, billing practitioner or biller.",
    ),
    "reauthorise": ProblemView(
        title="The EHR’s permission has run out",
        happened="The EHR no longer accepts the permission it gave when this chart was opened.",
        to_do=f"{_AGAIN} What you recorded is safe.",
        ask=_IT,
    ),
}

UNFORESEEN_LAUNCH = _EHR_INVALID

COOKIE_BLOCKED = ProblemView(
    title="Your browser blocked this app’s cookie",
    happened=(
        "To keep your session, this app needs one cookie inside the EHR’s window. Your browser "
        "did not send it back."
    ),
    to_do=(
        "Allow cookies for this site in the browser’s settings (in Safari: turn off “Prevent "
        "cross-site tracking”), or use a current Chrome, Edge or Firefox. Then try again."
    ),
    ask="If you may not change this, your IT desk can allow cookies for this app’s address.",
    retry_label="Open in this same frame again",
)

SESSION_ENDED = ProblemView(
    title="Your session has ended",
    happened=(
        "There is nothing open under this address for you: you were away for a while, signed "
        "out, an administrator of your practice ended your session, or the address belongs to "
        "someone else."
    ),
    to_do=f"{_AGAIN} What you recorded is safe.",
    ask=_IT,
)

SIGNED_OUT = ProblemView(
    title="You have signed out",
    happened="This app has closed the charts that you opened in it.",
    to_do="Open it again from a chart in the EHR whenever you like.",
    ask="",
)

UNFORESEEN = ProblemView(
    title="Something broke on our side",
    happened="The page could not be made. Nothing of what you recorded before is lost.",
    to_do="Go back and try once more.",
    ask="If it happens again, tell your administrator the time at which it did.",
)

NOT_OURS = ProblemView(
    title="We did not accept that",
    happened="The request did not come from a page of this app, or from one that is too old.",
    to_do="Open the page again and send the form once more.",
    ask=_IT,
)

TOO_MANY = ProblemView(
    title="That was too often",
    happened="This app was asked more often in a short time than people work, so it did nothing.",
    to_do="Wait a minute, then go back and try again. What you recorded is safe.",
    ask="If your whole practice sees this, tell your administrator: the limit may be too low.",
)

UNREADABLE = ProblemView(
    title="We cannot read that",
    happened="Something in the address or the form is not in a shape that this app knows.",
    to_do="Go back, check what was entered, and try again.",
    ask=_IT,
)

STATUSES: dict[int, ProblemView] = {
    404: ProblemView(
        title="There is nothing here",
        happened="No page, or nothing that you may see, has this address.",
        to_do="Go back, or open this app again from the EHR.",
        ask="",
    ),
    405: ProblemView(
        title="That cannot be done here",
        happened="The address exists, but not for this kind of request.",
        to_do="Go back to the page and use its buttons.",
        ask="",
    ),
    413: ProblemView(
        title="That was too large",
        happened="The form held more than this app accepts at once.",
        to_do="Shorten it and send it again.",
        ask="",
    ),
}


def launch_problem(reason: str) -> ProblemView:
    """Return the page of a LaunchError's reason."""
    return LAUNCHES.get(reason, UNFORESEEN_LAUNCH)


def status_problem(status: int) -> ProblemView:
    """Return the page of an HTTP status that a router gives."""
    return STATUSES.get(status, UNREADABLE)


def not_allowed(needed: str) -> ProblemView:
    """Return the page for an act of another role."""
    return ProblemView(
        title="That is for another role",
        happened=f"Only the {needed} may do this.",
        to_do="Nothing was changed. Ask them to open this patient.",
        ask="If this is your job, ask your administrator to change your role.",
    )


def withdrawn(iss: str) -> ProblemView:
    """Return the page for a launch whose permission the EHR took back, with the way back in."""
    return ProblemView(
        title="The EHR has taken its permission back",
        happened=(
            "The EHR no longer accepts the permission with which this chart was opened, so this "
            "app has closed it. The EHR does that when you sign out of it, when it opens another "
            "chart, or when its administrator withdraws the permission."
        ),
        to_do=(
            "What you recorded is safe, and so is the time of a timer that ran: save it after you "
            "have opened this app again, from the chart or by the button."
        ),
        ask=_IT,
        retry=f"/launch?{urlencode({'iss': iss})}",
        retry_label="Open again through the EHR",
    )


def conflict(problem: str) -> ProblemView:
    """Return the page for an act that clashes with what is recorded."""
    return ProblemView(
        title="That clashes with what is recorded",
        happened=problem,
        to_do="Nothing was changed. Open the page again to see how things stand.",
        ask="",
    )


def cookie_blocked(retry: str) -> ProblemView:
    """Return the page for a browser that keeps no cookie, with the way to try once more."""
    return replace(COOKIE_BLOCKED, retry=retry)
