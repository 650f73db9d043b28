"""From a chart that is opened to a card, and from its link to the right view of the app.

The sandbox EHR calls the app over HTTP, as an EHR would; a browser follows the card's link.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from ccm_fhir.services.cds_clients import CdsRegistration, register_caller
from fhir_fixtures.people.browser import Browser
from tests.services.loopback_app import free_port, running_app
from tests.services.loopback_ehr import TODAY, Ehr, RealClock, cast, running_ehr
from tests.world import NURSE, READY, open_site, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fhir_fixtures.people.browser import Page


@pytest.fixture
def ehr(tmp_path: Path) -> Iterator[Ehr]:
    """Yield an EHR whose charts ask an app, running beside it, for cards."""
    url, port = f"sqlite:///{tmp_path / 'ccm.sqlite'}", free_port()
    app_url = f"http://127.0.0.1:{port}"
    environment = settings_for(
        url,
        CCM_BASE_URL=app_url,
        CCM_DEMO_TODAY=TODAY.isoformat(),
        CCM_RUN_ENGINE="false",
        CCM_CDS_BUDGET_MS="1500",
    )
    with running_ehr(cast(2), RealClock(), app_url=app_url, calls_hooks=True) as running:
        with open_site(url, running, app_url=app_url) as site:
            registration = CdsRegistration(
                fhir_base=running.base,
                issuer=running.origin,
                jwks_url=f"{running.origin}/oauth/jwks",
            )
            register_caller(site.world, registration, site.clock())
        with running_app(environment, port):
            yield running


def opened(browser: Browser, ehr: Ehr) -> Page:
    """Open Rosa Ready's chart."""
    return browser.submit(browser.open(f"{ehr.origin}/"), "/launches", user=NURSE, patient=READY)


def test_a_chart_shows_the_card_and_its_link_opens_the_view_it_speaks_of(ehr: Ehr) -> None:
    with Browser() as browser:
        chart = opened(browser, ehr)
        (card,) = chart.texts("decision")
        (link,) = chart.links("/ehr")[:1]
        by_itself = browser.open(chart.frame)
        by_card = browser.open(browser.open(link).frame)

    assert re.match(r"CCM in November 2026: 0 of 20 minutes, 7 days left\.", card)
    assert "?month=" not in by_itself.url
    assert by_card.url.endswith("?month=2026-11#time")
    assert by_card.status == 200


def test_a_second_look_gives_the_card_again(ehr: Ehr) -> None:
    with Browser() as browser:
        cards = [opened(browser, ehr).texts("decision") for _ in range(2)]

    assert [len(each) for each in cards] == [1, 1]
