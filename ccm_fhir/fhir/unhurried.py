"""A pace for work that has the night: where the EHR is left alone for a while, it waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ccm_fhir.errors import EhrPausedError
from ccm_fhir.fhir.client import Pacing

MOST_PAUSES = 40
LONGEST_PAUSE_SECONDS = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhurried:
    """The shared pace of an EHR as a sweep keeps it; pauses that others caused are waited out."""

    pacing: Pacing
    sleep: Callable[[float], None] = field(repr=False)

    def before(self) -> None:
        """Wait until a request may leave.

        Raises:
            EhrPausedError: it was left alone again and again, for hours.
        """
        for _ in range(MOST_PAUSES):
            try:
                self.pacing.before()
            except EhrPausedError as paused:
                self.sleep(min(paused.seconds, LONGEST_PAUSE_SECONDS))
            else:
                return
        self.pacing.before()

    def after(self, status: int | None, retry_after_seconds: float | None = None) -> None:
        """Hear how a request was answered."""
        self.pacing.after(status, retry_after_seconds)
