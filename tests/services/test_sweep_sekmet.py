"""A population swept from a server that we did not write: `sekmet-fhir`'s own `$export`, over HTTP.

Its Backend Services check our assertions, and its status and file addresses our token.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from sekmet.config import (  # type: ignore[import-untyped]
    ServerAuth,
    Settings,
    SimulatorSettings,
    SmartClient,
)
from sekmet.main import create_app  # type: ignore[import-untyped]

from ccm_fhir.fhir.client import Precondition
from ccm_fhir.fhir.keys import public_jwks
from ccm_fhir.services.sweep_state import Source
from tests.fhir.test_sekmet_backend import undisturbed_logs
from tests.services.loopback_ehr import KEY, Ehr, RealClock
from tests.services.sweeping import GROUP, AskedFor, as_ndjson, population, sweep, writer
from tests.serving import listen, serving
from tests.world import open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.world import Site

# Checked 2026-11, version 0.1.1: it indexes no patient for these, so that no export holds them.
NOT_INDEXED = frozenset({"Goal", "CareTeam", "QuestionnaireResponse"})
EVERYBODY = population(4)
PRACTICE = replace(
    EVERYBODY,
    resources=tuple(r for r in EVERYBODY.resources if r["resourceType"] not in NOT_INDEXED),
)


@contextmanager
def sekmet(folder: Path) -> Iterator[Ehr]:
    """Yield a running sekmet-fhir with the practice in it, and our key registered."""
    listener, origin = listen()
    ours = SmartClient(client_id="ccm-fhir", jwks=public_jwks([KEY]), scopes="system/*.cruds")
    told = Settings(
        base_url=f"{origin}/fhir",
        data_dir=str(folder),
        log_inbound=False,
        own_private_key_path=str(folder / "none.pem"),
        simulator=SimulatorSettings(enabled=False),
        server_auth=ServerAuth(types=["smart"], smart_clients=[ours]),
    )
    with undisturbed_logs():
        app = create_app(told)
    ehr = Ehr(origin=origin, clock=RealClock())
    try:
        with serving(app, listener):
            with writer(ehr) as client:
                for resource in PRACTICE.resources:
                    client.update(resource, version=Precondition())
            yield ehr
    finally:
        app.state.ctx.subscriptions.pool.shutdown()
        app.state.ctx.store.conn.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ehr]:
    with sekmet(tmp_path_factory.mktemp("sekmet")) as ehr:
        yield ehr


@pytest.fixture
def sekmet_site(sqlite_url: str, server: Ehr) -> Iterator[Site]:
    with open_site(sqlite_url, server) as site:
        yield site


@pytest.mark.proves("BULK1", "BULK4", "BULK8")
@pytest.mark.parametrize("wish", [AskedFor(), AskedFor(group=GROUP)], ids=["patients", "group"])
def test_what_sekmet_exports_is_judged_as_a_folder_of_it_is(
    sekmet_site: Site, tmp_path: Path, wish: AskedFor
) -> None:
    made = sweep(sekmet_site, tmp_path, wish)

    assert made.state.chosen.source is Source.BULK
    assert made.written == as_ndjson(tmp_path, PRACTICE)
    assert made.account.is_clean
    assert sekmet_site.wire.sent("GET", "/bulk-files/")
    assert sekmet_site.wire.sent("DELETE", "/bulk-status/")


def test_sekmet_read_chart_by_chart_gives_the_same(sekmet_site: Site, tmp_path: Path) -> None:
    made = sweep(sekmet_site, tmp_path, AskedFor(source="crawl"))

    assert made.written == as_ndjson(tmp_path, PRACTICE)
