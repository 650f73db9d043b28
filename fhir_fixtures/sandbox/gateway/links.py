"""Make answers of the FHIR server speak of the gateway's address instead of its own."""

from typing import Any

PASSED_BACK = ("etag", "last-modified", "location", "content-location", "retry-after")


class Links:
    """Rewrites absolute links from one base URL to another, wherever FHIR puts links."""

    def __init__(self, *, inner: str, outer: str) -> None:
        self._inner = inner.rstrip("/")
        self._outer = outer.rstrip("/")

    def outward(self, url: str) -> str:
        """The link as the app must see it; relative and foreign ones stay."""
        rest = url.removeprefix(self._inner)
        return f"{self._outer}{rest}" if rest != url and rest[:1] in ("", "/", "?") else url

    def relative(self, url: str) -> str:
        """What follows the gateway's base, for a URL that may or may not be absolute."""
        return url.removeprefix(self._outer).lstrip("/") if url.startswith(self._outer) else url

    def headers(self, headers: Any) -> dict[str, str]:  # noqa: ANN401 (any mapping of headers)
        """Those headers of an answer that concern the app."""
        kept = {name: headers[name] for name in PASSED_BACK if name in headers}
        return {
            name: self.outward(value) if name.endswith("location") else value
            for name, value in kept.items()
        }

    def resource(self, resource: dict[str, Any]) -> dict[str, Any]:
        """The resource; in a Bundle, links, fullUrls and locations are rewritten."""
        if resource.get("resourceType") != "Bundle":
            return resource
        bundle = dict(resource)
        if "link" in bundle:
            bundle["link"] = [_with(each, "url", self.outward) for each in bundle["link"]]
        if "entry" in bundle:
            bundle["entry"] = [self._entry(each) for each in bundle["entry"]]
        return bundle

    def _entry(self, entry: dict[str, Any]) -> dict[str, Any]:
        entry = _with(entry, "fullUrl", self.outward)
        if "response" in entry:
            entry["response"] = _with(entry["response"], "location", self.outward)
        if isinstance(entry.get("resource"), dict):
            entry["resource"] = self.resource(entry["resource"])
        return entry


def _with(mapping: dict[str, Any], name: str, change: Any) -> dict[str, Any]:  # noqa: ANN401
    return {**mapping, name: change(mapping[name])} if name in mapping else dict(mapping)
