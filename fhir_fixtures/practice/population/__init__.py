"""A population of any size as bulk NDJSON, with the true answer for each of its patients.

A patient is a pure function of (seed, index, day): the bytes do not depend on how many processes
write them. The answers are reasoned out from what was drawn, by code of this package alone.
"""

from fhir_fixtures.practice.population.writing import Population, write_population

__all__ = ["Population", "write_population"]
