"""The scopes that a vendor grants: what its types offer, and what it grants for nothing."""

from collections.abc import Mapping

from fhir_fixtures.sandbox.oauth.scopes import ResourceScope, parse_scope
from fhir_fixtures.sandbox.profiles.shape import Profile

_ORDER = "cruds"
_AS_SCOPE = {"c": "c", "r": "r", "u": "u", "p": "u", "d": "d", "s": "s", "v": "r", "h": "r"}


class GrantableScopes:
    """Narrows scopes to those that this EHR knows."""

    def __init__(self, profile: Profile) -> None:
        self._letters = _letters_of(profile)

    def of(self, scopes: tuple[str, ...]) -> tuple[str, ...]:
        """The scopes as granted, each narrowed to letters that its type has here."""
        narrowed = (self._narrowed(each) for each in scopes)
        return tuple(each for each in narrowed if each)

    def _narrowed(self, text: str) -> str:
        scope = parse_scope(text, v1=True)
        if scope is None or scope.resource_type == "*":
            return text
        letters = scope.letters & self._letters.get(scope.resource_type, frozenset())
        if letters == scope.letters or (letters and _is_v1(text)):
            return text
        return _spelt(text, scope, letters) if letters else ""


def _letters_of(profile: Profile) -> Mapping[str, frozenset[str]]:
    letters = {
        name: frozenset(_AS_SCOPE[each] for each in rules.can + rules.hidden)
        | (frozenset("c") if rules.creates_by_operation else frozenset())
        for name, rules in profile.types.items()
    }
    for each in profile.scopes.beyond.split():
        name, _, more = each.partition(".")
        letters[name] = letters.get(name, frozenset()) | frozenset(more)
    return letters


def _is_v1(text: str) -> bool:
    return text.partition("?")[0].endswith((".read", ".write", ".*"))


def _spelt(text: str, scope: ResourceScope, letters: frozenset[str]) -> str:
    ordered = "".join(each for each in _ORDER if each in letters)
    _, mark, query = text.partition("?")
    return f"{scope.context}/{scope.resource_type}.{ordered}{mark}{query}"
