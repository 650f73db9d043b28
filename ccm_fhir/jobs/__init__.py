"""The durable workflows: thin, each step calls one service; arguments are ids alone."""

from ccm_fhir.jobs.left import given_up
from ccm_fhir.jobs.watching import watching
from ccm_fhir.jobs.workflows import register

__all__ = ["given_up", "register", "watching"]
