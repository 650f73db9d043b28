"""Where the tables come from: written by a build, read back for whoever asks."""

from __future__ import annotations

from types import MappingProxyType

import msgspec

AHRQ = "A work of the United States Government: HCUP, AHRQ, Rockville MD, www.hcup-us.ahrq.gov"
CDC = "A work of the United States Government: CDC, National Center for Health Statistics"
CMS = "A work of the United States Government: Centers for Medicare & Medicaid Services"
GPS = (
    "This material includes SNOMED CT GPS content, © SNOMED International, CC BY 4.0; "
    "SNOMED International does not endorse this work"
)
OURS = (
    "This project's own clinical judgement, Apache-2.0; it has not been signed off by a clinician"
)


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One source; ``file`` and ``sha256`` of what a build read, empty for what is our own."""

    key: str
    name: str
    version: str
    terms: str
    used_for: str
    file: str = ""
    sha256: str = ""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """The edition of the tables in one line, and their sources."""

    version: str
    sources: list[Source]


OFFICIAL = MappingProxyType(
    {
        "icd10cm": (
            "ICD-10-CM",
            CDC,
            "which codes there are, which are billable, and which are retired",
        ),
        "ccir": (
            "AHRQ HCUP Chronic Condition Indicator Refined (CCIR)",
            AHRQ,
            "whether an ICD-10-CM code names a chronic condition",
        ),
        "ccsr": (
            "AHRQ HCUP Clinical Classifications Software Refined (CCSR)",
            AHRQ,
            "the family of a chronic code that none of our families covers",
        ),
        "ccw": (
            "CMS Chronic Conditions Warehouse, 30 chronic conditions",
            CMS,
            "Medicare's name for a condition, and which codes to look at again",
        ),
        "icd9": (
            "AHRQ HCUP Chronic Condition Indicator for ICD-9-CM",
            AHRQ,
            "whether an ICD-9-CM code names a chronic condition",
        ),
        "gem": (
            "CMS General Equivalence Mappings, ICD-9-CM to ICD-10-CM",
            CMS,
            "the family of an ICD-9-CM code",
        ),
    }
)
OWN = (
    Source(
        key="gps",
        name="SNOMED CT Global Patient Set",
        version="2020-09",
        terms=GPS,
        used_for="concept ids and names of the SNOMED CT map; the map to families is our own",
    ),
    Source(
        key="own",
        name="Families, overrides and the SNOMED CT map",
        version="of this release",
        terms=OURS,
        used_for="which codes are one disease, and where the sources above are overruled",
    ),
)
