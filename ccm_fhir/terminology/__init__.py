"""The chronic-condition tables: what is shipped, how it is loaded, and how it is rebuilt."""

from ccm_fhir.terminology.load import load_chronic_table, table_in
from ccm_fhir.terminology.roots import read_roots

__all__ = ["load_chronic_table", "read_roots", "table_in"]
