"""A browser without a screen: cookies, redirects, forms; it reads pages with lxml."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

import httpx2
import lxml.html

Values = Mapping[str, str | list[str]]
_MOST_REDIRECTS = 12
_TIMEOUT_SECONDS = 60


class UnexpectedPageError(Exception):
    """The page is not what the person was looking for; says which, not what it holds."""


class Page:
    """One page as it was loaded."""

    def __init__(self, url: str, status: int, html: bytes) -> None:
        self.url, self.status = url, status
        self._tree: Any = lxml.html.document_fromstring(html or b"<html></html>", base_url=url)

    def texts(self, css_class: str, within: str = "") -> list[str]:
        """Return the texts of the elements of a class, blanks folded."""
        place = f"//*[@id='{within}']" if within else ""
        found = self._tree.xpath(
            f"{place}//*[contains(concat(' ', normalize-space(@class), ' '), ' {css_class} ')]"
        )
        return [" ".join(element.text_content().split()) for element in found]

    def children(self, css_class: str, *paths: str) -> list[tuple[str, ...]]:
        """Return, for each element of a class, the texts at some paths below it."""
        found = self._tree.xpath(
            f"//*[contains(concat(' ', normalize-space(@class), ' '), ' {css_class} ')]"
        )
        return [tuple(_text(element, path) for path in paths) for element in found]

    def classes_within(self, css_class: str) -> list[str]:
        """Return the class attributes of everything inside the elements of a class."""
        found = self._tree.xpath(
            f"//*[contains(concat(' ', normalize-space(@class), ' '), ' {css_class} ')]//@class"
        )
        return [str(value) for value in found]

    def values_of(self, name: str) -> list[str]:
        """Return the values that the inputs of a name offer."""
        return [str(value) for value in self._tree.xpath(f"//input[@name='{name}']/@value")]

    @property
    def title(self) -> str:
        """The page's heading."""
        return _text(self._tree, ".//h1")

    @property
    def resource(self) -> dict[str, Any]:
        """The resource that the page prints."""
        try:
            found: dict[str, Any] = json.loads(self._tree.findtext(".//pre") or "")
        except ValueError:
            raise UnexpectedPageError("the page shows no resource") from None
        return found

    @property
    def frame(self) -> str:
        """The address of the frame in the page."""
        sources = self._tree.xpath("//iframe/@src")
        if not sources:
            raise UnexpectedPageError("there is no frame in the page")
        return urljoin(self.url, str(sources[0]))

    def links(self, starting: str) -> list[str]:
        """Return the addresses of links whose path starts so."""
        hrefs = [urljoin(self.url, str(href)) for href in self._tree.xpath("//a/@href")]
        return [href for href in hrefs if urlsplit(href).path.startswith(starting)]

    def actions(self) -> list[str]:
        """Return the paths to which the page's forms are sent."""
        addresses = (urljoin(self.url, form.get("action") or "") for form in self._tree.forms)
        return [urlsplit(address).path for address in addresses]

    def form(self, action_ends: str) -> tuple[str, dict[str, str | list[str]]]:
        """Return a form's address and what it holds before anything is typed."""
        for form in self._tree.forms:
            action = urljoin(self.url, form.get("action") or "")
            if urlsplit(action).path.endswith(action_ends):
                values: dict[str, str | list[str]] = dict(form.form_values())
                return action, values
        message = f"there is no form to {action_ends} in the page"
        raise UnexpectedPageError(message)


class Browser:
    """One person's browser."""

    def __init__(self) -> None:
        # A browser treats loopback as secure and so returns Secure cookies over http there.
        policy = DefaultCookiePolicy(secure_protocols=("https", "http"))
        self._client = httpx2.Client(
            cookies=CookieJar(policy), timeout=_TIMEOUT_SECONDS, trust_env=False
        )

    def open(self, url: str) -> Page:
        """Load a page, following redirects."""
        return self._follow(self._client.get(url))

    def submit(self, page: Page, action_ends: str, **typed: str | list[str]) -> Page:
        """Fill a form's fields in, send it, and return the page that follows."""
        action, values = page.form(action_ends)
        parts = urlsplit(page.url)
        headers = {
            "Origin": f"{parts.scheme}://{parts.netloc}",
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "navigate",
        }
        return self._follow(self._client.post(action, data={**values, **typed}, headers=headers))

    def _follow(self, answer: httpx2.Response) -> Page:
        for _ in range(_MOST_REDIRECTS):
            if not answer.is_redirect:
                return Page(str(answer.url), answer.status_code, answer.content)
            answer = self._client.get(urljoin(str(answer.url), answer.headers["location"]))
        raise UnexpectedPageError("the page redirects in a circle")

    def close(self) -> None:
        """Close the browser."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _text(element: Any, path: str) -> str:  # noqa: ANN401  # lxml elements carry no useful type
    found = element.find(path)
    return "" if found is None else " ".join(found.text_content().split())
