"""A vendor's ways, interpreted from a profile between the gateway and the FHIR server behind it."""
