"""A synthetic primary-care practice: the same seed gives the same bytes.

Everyone in it is made up, and every number belongs to nobody. It knows nothing of the product,
so that no mistake is made twice.
"""

from __future__ import annotations

from fhir_fixtures.practice.generator import generate, iter_resources, patient_resources
from fhir_fixtures.practice.model import CastMember, Practice, Resource, User, WorkEntry

__all__ = [
    "CastMember",
    "Practice",
    "Resource",
    "User",
    "WorkEntry",
    "generate",
    "iter_resources",
    "patient_resources",
]
