"""Bulk export as an EHR offers it, and as it goes wrong.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html
"""
