"""Everything that knows FHIR JSON or HTTP: an EHR on one side, facts and values on the other."""
