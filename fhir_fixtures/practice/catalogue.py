"""The diseases that patients of this practice have, coded twice where both codes exist.

ICD-10-CM titles are the government's; SNOMED CT concepts are in the Global Patient Set.
``family`` says which diseases count as one: a diabetic with E11.9 and E11.65 has one disease.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Disease:
    """An ICD-10-CM code with the SNOMED CT concept beside it; ``family`` is empty if acute."""

    icd10cm: str
    title: str
    snomed: str
    snomed_title: str
    family: str


DIABETES = Disease(
    "E11.9",
    "Type 2 diabetes mellitus without complications",
    "44054006",
    "Diabetes mellitus type 2",
    "diabetes",
)
DIABETES_HIGH_SUGAR = Disease(
    "E11.65",
    "Type 2 diabetes mellitus with hyperglycemia",
    "44054006",
    "Diabetes mellitus type 2",
    "diabetes",
)
HYPERTENSION = Disease(
    "I10",
    "Essential (primary) hypertension",
    "59621000",
    "Essential hypertension",
    "hypertension",
)
HYPERTENSIVE_HEART = Disease(
    "I11.0",
    "Hypertensive heart disease with heart failure",
    "46113002",
    "Hypertensive heart failure",
    "hypertension",
)
HEART_FAILURE = Disease(
    "I50.22",
    "Chronic systolic (congestive) heart failure",
    "441481004",
    "Chronic systolic heart failure",
    "heart_failure",
)
COPD = Disease(
    "J44.9",
    "Chronic obstructive pulmonary disease, unspecified",
    "13645005",
    "Chronic obstructive lung disease",
    "copd",
)
ASTHMA = Disease("J45.909", "Unspecified asthma, uncomplicated", "195967001", "Asthma", "asthma")
KIDNEY_DISEASE = Disease(
    "N18.31",
    "Chronic kidney disease, stage 3a",
    "433144002",
    "Chronic kidney disease stage 3",
    "chronic_kidney_disease",
)
ATRIAL_FIBRILLATION = Disease(
    "I48.91",
    "Unspecified atrial fibrillation",
    "49436004",
    "Atrial fibrillation",
    "atrial_fibrillation",
)
CORONARY_DISEASE = Disease(
    "I25.10",
    "Atherosclerotic heart disease of native coronary artery without angina pectoris",
    "53741008",
    "Coronary arteriosclerosis",
    "ischemic_heart_disease",
)
DEPRESSION = Disease(
    "F33.1",
    "Major depressive disorder, recurrent, moderate",
    "66344007",
    "Recurrent major depression",
    "depression",
)
HYPERLIPIDEMIA = Disease(
    "E78.5", "Hyperlipidemia, unspecified", "55822004", "Hyperlipidemia", "hyperlipidemia"
)
HYPOTHYROIDISM = Disease(
    "E03.9", "Hypothyroidism, unspecified", "40930008", "Hypothyroidism", "hypothyroidism"
)
OSTEOARTHRITIS = Disease(
    "M17.11",
    "Unilateral primary osteoarthritis, right knee",
    "239873007",
    "Osteoarthritis of knee",
    "osteoarthritis",
)
OSTEOPOROSIS = Disease(
    "M81.0",
    "Age-related osteoporosis without current pathological fracture",
    "64859006",
    "Osteoporosis",
    "osteoporosis",
)
COMMON_COLD = Disease("J06.9", "Acute upper respiratory infection, unspecified", "", "", "")
URINARY_INFECTION = Disease("N39.0", "Urinary tract infection, site not specified", "", "", "")

CHRONIC = (
    DIABETES,
    HYPERTENSION,
    HEART_FAILURE,
    COPD,
    ASTHMA,
    KIDNEY_DISEASE,
    ATRIAL_FIBRILLATION,
    CORONARY_DISEASE,
    DEPRESSION,
    HYPERLIPIDEMIA,
    HYPOTHYROIDISM,
    OSTEOARTHRITIS,
    OSTEOPOROSIS,
)
"""One disease per family, to draw from without counting one twice."""

ACUTE = (COMMON_COLD, URINARY_INFECTION)
