"""The law as dated, cited data, and the loader that refuses a careless file."""

from ccm_fhir.rulebook.check import problems_of
from ccm_fhir.rulebook.load import load_rulebook

__all__ = ["load_rulebook", "problems_of"]
