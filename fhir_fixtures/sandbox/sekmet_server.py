"""The FHIR server in the box: PyPI's `sekmet-fhir`, run in-process, as a transport.

Its own authorization, simulator and traffic log are off: the gateway is the only way in.

Checked 2026-11, version 0.1.1, and left as it is because EHRs are like that: If-None-Exist
holds against a repeated request but not against a simultaneous one (of 20 identifiers posted
five times at once, 14 were created more than once); codes are not checked against value sets.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

# The library ships no types.
from sekmet.config import Settings, SimulatorSettings  # type: ignore[import-untyped]
from sekmet.fhir.search_params import PARAMS, SearchParam  # type: ignore[import-untyped]
from sekmet.main import create_app  # type: ignore[import-untyped]
from starlette.applications import Starlette

# A name that resolves nowhere: should a link escape the gateway's rewriting, it breaks loudly.
BASE_URL = "http://upstream.invalid/fhir"

# Checked 2026-11, sekmet-fhir 0.1.1: Goal, CareTeam and QuestionnaireResponse have no search
# parameters at all, and an unknown parameter is ignored (Goal?patient=1 answers everybody's
# goals). US Core requires these; the server indexes whatever its table names.
MISSING_PARAMETERS: dict[str, tuple[SearchParam, ...]] = {
    "Goal": (
        SearchParam("identifier", "token", ("identifier",)),
        SearchParam("patient", "reference", ("subject",), "Patient"),
        SearchParam("subject", "reference", ("subject",)),
        SearchParam("lifecycle-status", "token", ("lifecycleStatus",)),
        SearchParam("achievement-status", "token", ("achievementStatus",)),
        SearchParam("category", "token", ("category",)),
        SearchParam("start-date", "date", ("startDate",)),
        SearchParam("target-date", "date", ("target.dueDate",)),
    ),
    "CareTeam": (
        SearchParam("identifier", "token", ("identifier",)),
        SearchParam("patient", "reference", ("subject",), "Patient"),
        SearchParam("subject", "reference", ("subject",)),
        SearchParam("status", "token", ("status",)),
        SearchParam("category", "token", ("category",)),
        SearchParam("participant", "reference", ("participant.member",)),
        SearchParam("encounter", "reference", ("encounter",)),
        SearchParam("date", "date", ("period",)),
    ),
    "QuestionnaireResponse": (
        SearchParam("identifier", "token", ("identifier",)),
        SearchParam("patient", "reference", ("subject",), "Patient"),
        SearchParam("subject", "reference", ("subject",)),
        SearchParam("status", "token", ("status",)),
        SearchParam("questionnaire", "uri", ("questionnaire",)),
        SearchParam("authored", "date", ("authored",)),
        SearchParam("author", "reference", ("author",)),
        SearchParam("encounter", "reference", ("encounter",)),
    ),
    "CarePlan": (
        SearchParam("care-team", "reference", ("careTeam",)),
        SearchParam("condition", "reference", ("addresses",)),
        SearchParam("goal", "reference", ("goal",)),
    ),
    "Organization": (SearchParam("address", "string", ("address",)),),
}


@asynccontextmanager
async def sekmet_transport(data_dir: Path) -> AsyncIterator[httpx2.AsyncBaseTransport]:
    """A transport to a running server whose database is in `data_dir`; closed on leaving."""
    _add_missing_parameters()
    app = _quietly_created(data_dir)
    try:
        yield httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    finally:
        app.state.ctx.subscriptions.pool.shutdown()
        app.state.ctx.store.conn.close()


def _add_missing_parameters() -> None:
    for resource_type, parameters in MISSING_PARAMETERS.items():
        known = PARAMS.setdefault(resource_type, {})
        for parameter in parameters:
            known.setdefault(parameter.name, parameter)


def _quietly_created(data_dir: Path) -> Starlette:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        app: Starlette = create_app(
            Settings(
                base_url=BASE_URL,
                data_dir=str(data_dir),
                log_inbound=False,
                simulator=SimulatorSettings(enabled=False),
            )
        )
    finally:
        # It calls logging.basicConfig(INFO); and its error log names paths, that is, patients.
        root.setLevel(level)
        root.handlers[:] = handlers
        logging.getLogger("sekmet").setLevel(logging.CRITICAL)
    return app
