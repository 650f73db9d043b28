"""From time entries to counted seconds: every second counts once, or says why it does not.

No rounding: seconds are summed whole.
"""

from ccm_fhir.domain.codes import NotCounted
from ccm_fhir.domain.timekeeping.counting import tally
from ccm_fhir.domain.timekeeping.entries import Interval, LeftOut, Tally, TimeEntry
from ccm_fhir.domain.timekeeping.local import Wall, instants
from ccm_fhir.domain.timekeeping.window import Away, CountingWindow

__all__ = [
    "Away",
    "CountingWindow",
    "Interval",
    "LeftOut",
    "NotCounted",
    "Tally",
    "TimeEntry",
    "Wall",
    "instants",
    "tally",
]
