"""Printing documents: HTML that needs nothing from outside, and PDF where WeasyPrint is there."""

from ccm_fhir.printing.document import PrintedSection, PrintedTable, Printout, html_of
from ccm_fhir.printing.pdf import pdf_of

__all__ = ["PrintedSection", "PrintedTable", "Printout", "html_of", "pdf_of"]
