"""The public contract of a decision: PatientMonth lines in, answers out, and the truth table.

Read by ``ccm-fhir decide`` and by ``python -m ccm_fhir.truth_table``, which puts the same
examples to any other program.
"""

from ccm_fhir.conformance.answers import Refused, answer_line, answer_lines
from ccm_fhir.conformance.explain import explain_line

__all__ = ["Refused", "answer_line", "answer_lines", "explain_line"]
