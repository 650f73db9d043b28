"""The chronic-condition tables: what is shipped, and how it is loaded."""

from ccm_fhir.terminology.load import load_chronic_table

__all__ = ["load_chronic_table"]
