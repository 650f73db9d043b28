"""The sandbox EHR as a resource server: every FHIR call checked against its token's scopes."""
