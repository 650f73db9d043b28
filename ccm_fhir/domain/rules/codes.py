"""One version of one billing code, as its rule file says it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.codes import Comparison, MdmLevel, PerformerKind
from ccm_fhir.domain.rules.sources import Citation, Cited, InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRule(InForce):
    """One version of one billing code.

    ``threshold_seconds`` is the counted time at which the first unit is reached, compared as
    ``comparison`` says; each further unit needs ``increment_seconds`` more. ``max_units`` is
    the code's own monthly maximum, ``mue_units`` the payer's unit edit; None means none known.
    A code that is not timed has a threshold of zero.
    """

    code: str
    family: str
    summary: str
    version: str
    performers: frozenset[PerformerKind]
    threshold_seconds: int
    increment_seconds: int
    max_units: int | None
    add_on_to: str | None
    citations: tuple[Citation, ...]
    comparison: Comparison = Comparison.AT_LEAST
    mue_units: int | None = None
    is_timed: bool = True
    supervision: str = ""
    mdm_levels: frozenset[MdmLevel] = frozenset()
    needs_plan_revision: bool = False
    required_elements: tuple[str, ...] = ()
    cited: tuple[Cited, ...] = field(default=())
    not_modelled: tuple[str, ...] = ()

    # These three follow from the fields above; worked out once, since they are asked often.
    cap: int = field(init=False)
    thresholds: tuple[int, ...] = field(init=False)
    citation_ids: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Work out the cap, the counted seconds of each unit up to it, and the sources' ids."""
        cap = min((n for n in (self.max_units, self.mue_units) if n is not None), default=1)
        first, step = self.threshold_seconds, self.increment_seconds
        steps = tuple(first + unit * step for unit in range(cap)) if self.is_timed else ()
        object.__setattr__(self, "cap", cap)
        object.__setattr__(self, "thresholds", steps)
        object.__setattr__(self, "citation_ids", tuple(c.id for c in self.citations))

    @property
    def is_blocked(self) -> bool:
        """Whether a statement of this version must be confirmed before it may bill."""
        return any(statement.blocking for statement in self.cited)

    def statement(self, what: str) -> Cited | None:
        """Return the sources of one of this version's statements."""
        return next((c for c in self.cited if c.what == what), None)
