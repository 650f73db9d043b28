"""Every resource and every patient accounted for: nothing is lost, nothing counted twice.

``read = used + irrelevant + skipped`` and ``patients = assessed + failed``, checked at the end of
every sweep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from ccm_fhir.errors import CcmError


class MapTally(msgspec.Struct, kw_only=True):
    """What became of the lines of one range; ``carried`` go on to their patients.

    ``seen`` counts resources by type, readable or not; ``skipped`` are counted by type and reason.
    """

    lines_read: int = 0
    blank: int = 0
    carried: int = 0
    irrelevant: dict[str, int] = {}
    skipped: dict[str, int] = {}
    seen: dict[str, int] = {}
    broken_files: int = 0


class ReduceTally(msgspec.Struct, kw_only=True):
    """What became of the patients of one part, and of the resources that were carried there."""

    outcomes: dict[str, int] = {}
    carried: int = 0
    used: int = 0
    skipped: dict[str, int] = {}
    absent_patients: int = 0
    failures: dict[str, int] = {}


class AccountingError(CcmError):
    """A sweep's own counts do not agree: a mistake of ours, and its results are not to be used."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"the sweep's counts do not agree ({what}); its results were not written")


class Accounting(msgspec.Struct, frozen=True, kw_only=True):
    """A whole sweep's account.

    ``skipped`` and ``failures`` count by sentence; ``absent_patients`` are referred to by resources
    of the export and are not in it, so that no line of the results is theirs.
    """

    resources_read: int
    used: int
    irrelevant: dict[str, int]
    skipped: dict[str, int]
    blank_lines: int
    broken_files: int
    outcomes: dict[str, int]
    failures: dict[str, int]
    absent_patients: int

    @property
    def patients(self) -> int:
        """Patients in the export: assessed and failed."""
        return sum(self.outcomes.values())

    @property
    def failed(self) -> int:
        """Patients who could not be judged."""
        return self.outcomes.get("failed", 0)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was rejected."""
        return not (self.skipped or self.failed or self.absent_patients or self.broken_files)


def account(maps: Iterable[MapTally], reduces: Iterable[ReduceTally]) -> Accounting:
    """Add everything up.

    Raises:
        AccountingError: a resource or a patient is not accounted for.
    """
    mapped, reduced = list(maps), list(reduces)
    irrelevant = _sum(tally.irrelevant for tally in mapped)
    skipped = _sum([*(t.skipped for t in mapped), *(t.skipped for t in reduced)])
    made = Accounting(
        resources_read=sum(tally.lines_read for tally in mapped),
        used=sum(tally.used for tally in reduced),
        irrelevant=irrelevant,
        skipped=skipped,
        blank_lines=sum(tally.blank for tally in mapped),
        broken_files=sum(tally.broken_files for tally in mapped),
        outcomes=_sum(tally.outcomes for tally in reduced),
        failures=_sum(tally.failures for tally in reduced),
        absent_patients=sum(tally.absent_patients for tally in reduced),
    )
    if sum(t.carried for t in mapped) != sum(t.carried for t in reduced):
        raise AccountingError("resources carried to patients and received there")
    if made.resources_read != made.used + sum(irrelevant.values()) + sum(skipped.values()):
        raise AccountingError("resources read = used + irrelevant + skipped")
    if made.failed != sum(made.failures.values()):
        raise AccountingError("patients failed, with reasons")
    return made


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(sorted(total.items()))
