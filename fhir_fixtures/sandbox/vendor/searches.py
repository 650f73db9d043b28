"""Searches as a vendor takes them: some parameters, one of them required, and pages of its own."""

import json
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64Error
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from fhir_fixtures.sandbox.gateway.interaction import Interaction
from fhir_fixtures.sandbox.gateway.outcome import Reply
from fhir_fixtures.sandbox.profiles.shape import Paging, Profile, TypeRules
from fhir_fixtures.sandbox.settings import Clock
from fhir_fixtures.sandbox.vendor.refusals import VendorRefusedError

ALL = "1000"
_CONTROL = frozenset({"_count", "_include", "_revinclude", "_sort", "_format", "_elements"})


class Searches:
    """Narrows searches on their way in, and cuts their results up on the way out."""

    def __init__(self, profile: Profile, base: str, clock: Clock) -> None:
        self._profile = profile
        self._paging: Paging = profile.paging
        self._base = base
        self._clock = clock

    def admitted(self, search: Interaction, rules: TypeRules) -> Interaction:
        """The search with what the vendor knows of it, for all of its results at once.

        Raises:
            VendorRefusedError: what it must have is missing, or its page has expired.
        """
        self._start(search)
        known = frozenset(rules.by.split())
        own = {self._paging.parameter, self._paging.count}
        named = {name.partition(":")[0] for name, _ in search.params} - own
        refusals = self._profile.refusals
        if self._profile.unknown_parameters == "refused" and named - known - _CONTROL:
            raise VendorRefusedError(refusals.missing_parameter, "a parameter is not known here")
        if rules.one_of and not named & frozenset(rules.one_of.split()):
            needed = " or ".join(rules.one_of.split())
            raise VendorRefusedError(refusals.missing_parameter, f"the search needs {needed}")
        kept = tuple(
            (name, value)
            for name, value in search.params
            if name.partition(":")[0] in (known | _CONTROL) - own - {"_count"}
        )
        return replace(search, params=(*kept, ("_count", ALL)))

    def page(self, asked: Interaction, reply: Reply, rules: TypeRules) -> Reply:
        """The page of the results that was asked for."""
        bundle = reply.resource
        if bundle is None or bundle.get("resourceType") != "Bundle":
            return reply
        entries = bundle.get("entry", [])
        matches = [each for each in entries if _mode(each) != "include"]
        others = [each for each in entries if _mode(each) == "include"]
        total = len(matches)
        matches = matches[: rules.cap] if rules.cap else matches
        start, size = self._start(asked), self._size(asked)
        shown = matches[start : start + size] + ([] if start else others)
        links = self._links(asked, start, size, len(matches))
        paged = {name: value for name, value in bundle.items() if name not in ("entry", "link")}
        paged |= {"total": total, "link": links} | ({"entry": shown} if shown else {})
        return replace(reply, resource=paged)

    def _size(self, asked: Interaction) -> int:
        given = dict(asked.params)
        if self._paging.ignores_count_with_id and "_id" in given:
            return self._paging.most
        try:
            wanted = int(given.get(self._paging.count, self._paging.default))
        except ValueError:
            wanted = self._paging.default
        return max(1, min(wanted, self._paging.most))

    def _start(self, asked: Interaction) -> int:
        mark = dict(asked.params).get(self._paging.parameter)
        if mark is None:
            return 0
        match self._paging.style:
            case "page":
                return (int(mark) - 1) * self._size(asked) if mark.isdigit() and int(mark) else 0
            case "offset":
                return int(mark) if mark.isdigit() else 0
            case "cursor" | "session":
                return self._opened(mark)

    def _opened(self, mark: str) -> int:
        refusal = self._profile.refusals.expired_page
        try:
            start, issued = json.loads(b64decode(mark, altchars=b"-_", validate=True))
        except (ValueError, NotBase64Error, TypeError):
            raise VendorRefusedError(refusal, "this is no page of this EHR's") from None
        age = self._clock().timestamp() - float(issued)
        if self._paging.session_seconds and age > self._paging.session_seconds:
            raise VendorRefusedError(refusal, "the search has expired: start it again")
        return int(start)

    def _links(self, asked: Interaction, start: int, size: int, total: int) -> list[dict[str, Any]]:
        links = [{"relation": "self", "url": self._url(asked, start, size)}]
        if start + size < total:
            following = start + max(1, size - self._paging.overlap)
            links.append({"relation": "next", "url": self._url(asked, following, size)})
        return links

    def _url(self, asked: Interaction, start: int, size: int) -> str:
        own = {self._paging.parameter, self._paging.count}
        params = [(name, value) for name, value in asked.params if name not in own]
        params.append((self._paging.count, str(size)))
        if start:
            params.append((self._paging.parameter, self._mark(start, size)))
        base = "" if self._paging.relative else self._base
        return f"{base}/{asked.resource_type}?{urlencode(params)}"

    def _mark(self, start: int, size: int) -> str:
        match self._paging.style:
            case "page":
                return str(start // size + 1)
            case "offset":
                return str(start)
            case "cursor" | "session":
                sealed = json.dumps([start, self._clock().timestamp()]).encode()
                return urlsafe_b64encode(sealed).decode()


def _mode(entry: dict[str, Any]) -> str:
    return str(entry.get("search", {}).get("mode", "match"))
