"""The second road to a decision: a patient-month stated as one document instead of a chart.

``document`` is its shape, ``findings`` and ``work`` read it, and ``to_patient_month`` gives
what the one ``decide`` takes.
"""

from ccm_fhir.domain.stated.document import StatedMonth
from ccm_fhir.domain.stated.reading import Law, to_patient_month

__all__ = ["Law", "StatedMonth", "to_patient_month"]
