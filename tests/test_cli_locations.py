"""A practice's locations by command: the same acts as on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.test_cli_practice import front as front  # noqa: PLC0414  # a fixture
from tests.test_cli_practice import run as run  # noqa: PLC0414  # a fixture
from tests.test_cli_practice import settings as settings  # noqa: PLC0414  # a fixture

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.test_cli import Ran

ADD = ("locations", "add", "Elm Street annex", "--place-of-service=22")


def test_a_location_is_added_changed_and_listed(
    run: Callable[..., Ran], settings: dict[str, str]
) -> None:
    assert run(*ADD, "--time-zone=America/Chicago", **settings).code == 0
    changed = run("locations", "set", "elm street ANNEX", "--locality=10112-00", "--time-zone=")

    listed = run("locations", "list").out
    assert (changed.code, changed.out) == (0, "Recorded.\n")
    first, annex = listed.split("Elm Street annex")
    assert "Harbor Street Family Medicine (default)" in first
    assert "place of service  11, non-facility rate" in first
    assert "place of service  22, facility rate" in annex
    assert "America/New_York (the practice's)" in annex
    assert "locality          10112-00" in annex
    shown = run("practice", "show").out
    assert "location          Harbor Street Family Medicine, and 1 more" in shown
    assert "locality          none; prices are national" in shown


def test_the_default_moves_and_the_one_before_is_closed_and_opened(
    run: Callable[..., Ran], settings: dict[str, str]
) -> None:
    assert run(*ADD, **settings).code == 0

    assert (
        "make another the default" in run("locations", "close", "Harbor Street Family Medicine").err
    )
    assert run("locations", "default", "Elm Street annex").code == 0
    assert run("locations", "close", "Harbor Street Family Medicine").code == 0
    assert "Harbor Street Family Medicine (closed)" in run("locations", "list").out
    assert run("locations", "reopen", "Harbor Street Family Medicine").code == 0
    assert "(closed)" not in run("locations", "list").out


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("Annex", "--place-of-service=98"), "place_of_service"),
        (("Annex", "--place-of-service=11", "--time-zone=Mars/Olympus"), "time_zone"),
        (("Annex", "--place-of-service=11", "--locality=99999-99"), "locality"),
        (("harbor street family medicine", "--place-of-service=11"), "name"),
    ],
)
def test_a_location_that_cannot_be_one_is_wrong_usage_and_changes_nothing(
    run: Callable[..., Ran], settings: dict[str, str], arguments: tuple[str, ...], field: str
) -> None:
    before = run("locations", "list", **settings).out

    ran = run("locations", "add", *arguments)

    assert ran.code == 2
    assert ran.complaint.startswith(f"{field}: ")
    assert run("locations", "list").out == before
    assert run("locations", "set", "Nowhere", "--name=X").complaint.startswith("location: none")
