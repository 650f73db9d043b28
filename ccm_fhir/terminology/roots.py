"""A site's own table of SNOMED CT concepts whose descendants it counts in one of our families."""

from __future__ import annotations

import re
from pathlib import Path

from ccm_fhir.errors import TerminologyFileError
from ccm_fhir.terminology import own

MOST_ROOTS = 200
_CONCEPT = re.compile(r"[1-9]\d{5,17}\Z")


def read_roots(path: Path) -> dict[str, str]:
    """Return the family under each concept; rows of a concept id and a family, with a tab.

    Raises:
        TerminologyFileError: the file cannot be read, is too long, or names an unknown family.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise TerminologyFileError(path.name, "cannot be read") from None
    families = own.families()
    roots: dict[str, str] = {}
    for row, line in enumerate(lines, start=1):
        concept, _, family = (part.strip() for part in line.partition("\t"))
        if not line.strip() or line.startswith("#"):
            continue
        if not _CONCEPT.match(concept):
            raise TerminologyFileError(path.name, "does not begin with a SNOMED CT id", row=row)
        if family not in families:
            raise TerminologyFileError(path.name, "names a family that we do not have", row=row)
        roots[concept] = family
    if len(roots) > MOST_ROOTS:
        raise TerminologyFileError(path.name, f"names more than {MOST_ROOTS} concepts")
    return roots
