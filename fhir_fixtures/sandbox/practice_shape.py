"""What the sandbox needs of a synthetic practice: its resources, its demo patients, its users."""

from typing import Any, Protocol


class CastMember(Protocol):
    """A demo patient, with what the patient is there to show."""

    @property
    def patient_id(self) -> str:
        """The id of the Patient resource."""

    @property
    def name(self) -> str:
        """The name as the launcher prints it."""

    @property
    def shows(self) -> str:
        """The situation this patient stands for."""

    @property
    def expect(self) -> str:
        """What a correct app says about it."""


class User(Protocol):
    """Somebody who works in the practice and may launch the app."""

    @property
    def id(self) -> str:
        """The login, which is also the `sub` of the id token."""

    @property
    def name(self) -> str:
        """The name as the launcher prints it."""

    @property
    def fhir_user(self) -> str:
        """A relative reference, such as Practitioner/p1."""

    @property
    def role(self) -> str:
        """What the user does in the practice."""


class Practice(Protocol):
    """Resources in dependency order, and the people of the demo."""

    @property
    def resources(self) -> tuple[dict[str, Any], ...]:
        """FHIR resources, each with the id it must keep."""

    @property
    def cast(self) -> tuple[CastMember, ...]:
        """The demo patients."""

    @property
    def users(self) -> tuple[User, ...]:
        """Who may launch the app."""
