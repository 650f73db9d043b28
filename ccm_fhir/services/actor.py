"""Who acts: a person of one practice, with one role; every service asks it first."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.domain.codes import Role
from ccm_fhir.errors import NotAllowedError

_TITLES = {
    Role.CARE_MANAGER: "care manager",
    Role.PRACTITIONER: "billing practitioner",
    Role.BILLER: "biller",
    Role.ANALYST: "population analyst",
    Role.ADMIN: "administrator",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A signed-in person; ``practice_id`` comes from the session, never from a request."""

    practice_id: str
    ehr_id: str
    user_id: str
    name: str = field(repr=False)
    role: Role
    fhir_user: str
    npi: str = ""
    taxonomy: str = ""

    @property
    def title(self) -> str:
        """The role in words."""
        return _TITLES[self.role]

    def may(self, *roles: Role) -> bool:
        """Whether the person holds one of the roles."""
        return self.role in roles

    def must_be(self, act: str, *roles: Role) -> None:
        """Raise NotAllowedError unless the person holds one of the roles."""
        if not self.may(*roles):
            raise NotAllowedError(act, " or the ".join(_TITLES[role] for role in roles))
