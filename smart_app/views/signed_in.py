"""The page of who is signed in: each person, since when, and what ends it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ccm_fhir.services.practice_sessions import SignedInPerson
from smart_app.views.formats import count, moment
from smart_app.views.wording import ROLES


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInView:
    """One person with open sessions."""

    user_id: str
    name: str = field(repr=False)
    role: str
    standing: str
    is_self: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInPageView:
    """Everything the page prints."""

    said: str
    people: tuple[SignedInView, ...]


def signed_in_page(people: tuple[SignedInPerson, ...], own_id: str) -> SignedInPageView:
    """Return the page; whoever looks at it is on it."""
    signed = count(len(people), "person has", "people have")
    return SignedInPageView(
        said=f"{signed} the app open now. A session ends by itself after 15 minutes away.",
        people=tuple(_person(one, own_id) for one in people),
    )


def _person(one: SignedInPerson, own_id: str) -> SignedInView:
    browsers = count(one.browsers, "browser", "browsers")
    return SignedInView(
        user_id=one.user_id,
        name=one.name or "Without a name",
        role=ROLES[one.role] if one.role else "no role",
        standing=(
            f"In {browsers} since {moment(one.since)}; last at work {moment(one.last_seen_at)}."
        ),
        is_self=one.user_id == own_id,
    )
