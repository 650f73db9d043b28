"""Alembic's scripts; run by ``ccm_fhir.storage.migrate``."""
