"""Why a request is turned away before any use case is asked."""

from __future__ import annotations

from ccm_fhir.errors import CcmError


class SessionEndedError(CcmError):
    """No live session of this browser opens this launch: ended, foreign or never there."""

    def __init__(self) -> None:
        super().__init__("the session has ended")


class GrantWithdrawnError(CcmError):
    """The EHR took back what this launch rests on; ``iss`` is the EHR to launch from again."""

    def __init__(self, iss: str) -> None:
        self.iss = iss
        super().__init__("the EHR has taken its permission back")


class ForgedRequestError(CcmError):
    """A write that did not come from a page of ours; ``check`` names the guard that saw it."""

    def __init__(self, check: str) -> None:
        self.check = check
        super().__init__(f"refused a write that is not from our own page ({check})")


class BrokenFormError(CcmError):
    """A form without the hidden fields that every page of ours gives it."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(f"a form came without a readable {field}")


class TooManyRequestsError(CcmError):
    """Somebody asks faster than people work; nothing was done."""

    def __init__(self, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(f"too many requests; wait {wait_seconds} s")
