"""The diseases that a population has, with the codes by which its charts name them.

``family`` says which codes are one disease; ``named`` whether CMS's examples or its Chronic
Conditions Warehouse name it, and ``group`` which families the warehouse counts as one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disease:
    """One disease: its ICD-10-CM codes with titles, and its SNOMED CT concept where it has one."""

    family: str
    codes: tuple[tuple[str, str], ...]
    snomed: tuple[str, str] | None = None
    group: str = ""
    named: bool = True


CHRONIC = (
    Disease(
        "diabetes",
        (
            ("E11.9", "Type 2 diabetes mellitus without complications"),
            ("E11.65", "Type 2 diabetes mellitus with hyperglycemia"),
            ("E11.22", "Type 2 diabetes mellitus with diabetic chronic kidney disease"),
        ),
        ("44054006", "Diabetes mellitus type 2"),
    ),
    Disease(
        "hypertension",
        (
            ("I10", "Essential (primary) hypertension"),
            ("I11.0", "Hypertensive heart disease with heart failure"),
        ),
        ("59621000", "Essential hypertension"),
    ),
    Disease(
        "heart_failure",
        (
            ("I50.22", "Chronic systolic (congestive) heart failure"),
            ("I50.9", "Heart failure, unspecified"),
        ),
        ("84114007", "Heart failure"),
    ),
    Disease(
        "copd",
        (
            ("J44.9", "Chronic obstructive pulmonary disease, unspecified"),
            ("J44.1", "Chronic obstructive pulmonary disease with (acute) exacerbation"),
        ),
        ("13645005", "Chronic obstructive lung disease"),
    ),
    Disease("asthma", (("J45.909", "Unspecified asthma, uncomplicated"),), ("195967001", "Asthma")),
    Disease(
        "chronic_kidney_disease",
        (
            ("N18.31", "Chronic kidney disease, stage 3a"),
            ("N18.4", "Chronic kidney disease, stage 4 (severe)"),
        ),
        ("433144002", "Chronic kidney disease stage 3"),
    ),
    Disease(
        "atrial_fibrillation",
        (("I48.91", "Unspecified atrial fibrillation"),),
        ("49436004", "Atrial fibrillation"),
    ),
    Disease(
        "ischemic_heart_disease",
        (("I25.10", "Atherosclerotic heart disease of native coronary artery"),),
        ("53741008", "Coronary arteriosclerosis"),
    ),
    Disease(
        "depression",
        (("F33.1", "Major depressive disorder, recurrent, moderate"),),
        ("66344007", "Recurrent major depression"),
        group="mood",
    ),
    Disease("bipolar_disorder", (("F31.9", "Bipolar disorder, unspecified"),), group="mood"),
    Disease(
        "hyperlipidemia",
        (("E78.5", "Hyperlipidemia, unspecified"), ("E78.2", "Mixed hyperlipidemia")),
        ("55822004", "Hyperlipidemia"),
    ),
    Disease(
        "hypothyroidism",
        (("E03.9", "Hypothyroidism, unspecified"),),
        ("40930008", "Hypothyroidism"),
    ),
    Disease(
        "osteoarthritis",
        (("M17.11", "Unilateral primary osteoarthritis, right knee"),),
        ("239873007", "Osteoarthritis of knee"),
        group="arthritis",
    ),
    Disease(
        "rheumatoid_arthritis",
        (("M06.9", "Rheumatoid arthritis, unspecified"),),
        ("69896004", "Rheumatoid arthritis"),
        group="arthritis",
    ),
    Disease(
        "osteoporosis",
        (("M81.0", "Age-related osteoporosis without current pathological fracture"),),
        ("64859006", "Osteoporosis"),
    ),
    Disease("dementia", (("G30.9", "Alzheimer's disease, unspecified"),), ("52448006", "Dementia")),
    Disease("glaucoma", (("H40.9", "Unspecified glaucoma"),), ("23986001", "Glaucoma")),
    Disease(
        "cancer_breast",
        (("C50.911", "Malignant neoplasm of unspecified site of right female breast"),),
        ("254837009", "Malignant neoplasm of breast"),
    ),
    Disease(
        "gerd",
        (("K21.9", "Gastro-esophageal reflux disease without esophagitis"),),
        ("235595009", "Gastroesophageal reflux disease"),
        named=False,
    ),
    Disease("obesity", (("E66.9", "Obesity, unspecified"),), ("414916001", "Obesity"), named=False),
    Disease("gout", (("M10.9", "Gout, unspecified"),), named=False),
)

ACUTE = (
    ("J06.9", "Acute upper respiratory infection, unspecified"),
    ("N39.0", "Urinary tract infection, site not specified"),
    ("R05.9", "Cough, unspecified"),
    ("S93.401A", "Sprain of unspecified ligament of right ankle, initial encounter"),
    ("M54.50", "Low back pain, unspecified"),
    ("R51.9", "Headache, unspecified"),
    ("H66.90", "Otitis media, unspecified, unspecified ear"),
    ("K52.9", "Noninfective gastroenteritis and colitis, unspecified"),
    ("Z00.00", "Encounter for general adult medical examination without abnormal findings"),
    ("Z23", "Encounter for immunization"),
    ("L03.90", "Cellulitis, unspecified"),
    ("R10.9", "Unspecified abdominal pain"),
    ("J20.9", "Acute bronchitis, unspecified"),
    ("B34.9", "Viral infection, unspecified"),
    ("Z79.4", "Long term (current) use of insulin"),
    ("Z87.891", "Personal history of nicotine dependence"),
)

PRIMARY_CANCER, METASTASIS = "cancer_breast", "cancer_metastatic"
SPREAD = Disease(METASTASIS, (("C79.51", "Secondary malignant neoplasm of bone"),))
