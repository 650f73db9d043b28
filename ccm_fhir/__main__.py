"""``python -m ccm_fhir`` is ``ccm-fhir``."""

from ccm_fhir.cli import main

main()
