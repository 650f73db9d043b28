"""The care plan as one picture: what CMS lists of it, what is missing, and where each part is.

For people to look at and to work from. Whether a month may be reported rests on the eligibility
criterion, which asks less.
"""

from ccm_fhir.domain.careplan.parts import PlanParts, parts_of
from ccm_fhir.domain.careplan.picture import picture
from ccm_fhir.domain.careplan.seen import (
    CarePlanPicture,
    CopyGiven,
    ElementSeen,
    ElementState,
    Gap,
    GapKind,
)

__all__ = [
    "CarePlanPicture",
    "CopyGiven",
    "ElementSeen",
    "ElementState",
    "Gap",
    "GapKind",
    "PlanParts",
    "parts_of",
    "picture",
]
