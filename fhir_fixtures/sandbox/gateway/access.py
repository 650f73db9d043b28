"""What a token allows: rules drawn from its scopes, asked per resource type and letter."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fhir_fixtures.sandbox.gateway import compartment
from fhir_fixtures.sandbox.oauth.scopes import ResourceScope, parse_scope
from fhir_fixtures.sandbox.oauth.vault import Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Permission for resources of one type; of one patient or some categories only, if so said."""

    fhir_base: str
    patient_id: str | None = field(default=None, repr=False)
    categories: frozenset[str] | None = None

    def permits(self, resource: dict[str, Any]) -> bool:
        """Whether the rule covers this resource."""
        if self.patient_id is not None and not compartment.belongs_to(
            resource, self.patient_id, self.fhir_base
        ):
            return False
        return self.categories is None or bool(self.categories & _category_tokens(resource))


@dataclass(frozen=True, slots=True)
class Rules:
    """Alternatives: what one of them permits is permitted."""

    alternatives: tuple[Rule, ...]

    def __bool__(self) -> bool:
        return bool(self.alternatives)

    def permit(self, resource: dict[str, Any]) -> bool:
        """Whether one of the rules covers the resource."""
        return any(each.permits(resource) for each in self.alternatives)

    @property
    def confined_to(self) -> str | None:
        """The one patient all of this is about; None if some of it is about anybody."""
        if any(each.patient_id is None for each in self.alternatives):
            return None
        return next((each.patient_id for each in self.alternatives), None)

    @property
    def look_at_content(self) -> bool:
        """Whether permission depends on what is in the resource."""
        return all(each.patient_id or each.categories is not None for each in self.alternatives)

    @property
    def look_at_category(self) -> bool:
        """Whether permission depends on the resource's category."""
        return all(each.categories is not None for each in self.alternatives)


class Access:
    """The scopes of one token, ready to be asked."""

    def __init__(self, grant: Grant, fhir_base: str) -> None:
        parsed = (parse_scope(each, v1=True) for each in grant.scopes)  # granted: no doubt left
        self._scopes = tuple(each for each in parsed if each)
        self._patient_id = grant.patient_id
        self._fhir_base = fhir_base

    def rules(self, resource_type: str, letters: str) -> Rules:
        """The rules under which the type may be used in one of the ways (letters of `cruds`)."""
        return Rules(tuple(self._drawn(resource_type, frozenset(letters))))

    def may_search_everything(self) -> bool:
        """Whether a search may follow references into any type, for any patient."""
        return any(
            each.context != "patient"
            and each.resource_type == "*"
            and "s" in each.letters
            and each.categories is None
            for each in self._scopes
        )

    def _drawn(self, resource_type: str, letters: frozenset[str]) -> Iterator[Rule]:
        for scope in self._scopes:
            if scope.resource_type not in ("*", resource_type) or not letters & scope.letters:
                continue
            if scope.context != "patient":
                yield Rule(fhir_base=self._fhir_base, categories=scope.categories)
            elif resource_type in compartment.SHARED:
                if letters & scope.letters & set("rs"):
                    yield Rule(fhir_base=self._fhir_base, categories=scope.categories)
            elif compartment.is_of_patients(resource_type) and self._patient_id:
                yield self._about_the_patient(scope)

    def _about_the_patient(self, scope: ResourceScope) -> Rule:
        return Rule(
            fhir_base=self._fhir_base, patient_id=self._patient_id, categories=scope.categories
        )


def _category_tokens(resource: dict[str, Any]) -> set[str]:
    categories = resource.get("category") or []
    tokens: set[str] = set()
    for each in categories if isinstance(categories, list) else [categories]:
        for coding in each.get("coding", []) if isinstance(each, dict) else []:
            code = coding.get("code", "")
            tokens |= {code, f"{coding.get('system', '')}|{code}"}
    return tokens
