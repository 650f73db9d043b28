"""The faults themselves, between whoever asks and the FHIR endpoint."""

import asyncio
import json
import re
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from fhir_fixtures.sandbox.faults import exchange
from fhir_fixtures.sandbox.faults.conditional import IF_NONE_EXIST, ConditionalCreates
from fhir_fixtures.sandbox.faults.counters import Counters
from fhir_fixtures.sandbox.faults.dice import Dice, Fate
from fhir_fixtures.sandbox.faults.exchange import Answered, Asked
from fhir_fixtures.sandbox.faults.index import LaggingIndex
from fhir_fixtures.sandbox.faults.plan import FaultPlan
from fhir_fixtures.sandbox.gateway.outcome import RefusedError
from fhir_fixtures.sandbox.settings import Clock

# Where the server's own `send` is kept: behind it is the connection that a fault may cut.
RAW_SEND = "sandbox.raw_send"
_LOCATION = re.compile(r"(?:.*/)?(?P<reference>[A-Z][A-Za-z]+/[^/]+)(?:/_history/.*)?")
_IF_NONE_EXIST = "ifNoneExist"


class Faults:
    """The plan at work, and what it has done; may be changed while the sandbox runs."""

    def __init__(self, plan: FaultPlan, clock: Clock, *, honours_if_none_exist: bool) -> None:
        self.plan = plan
        self.counters = Counters()
        self.honours_if_none_exist = honours_if_none_exist
        self.clock = clock
        self.dice = Dice()
        self.tasks: set[asyncio.Task[None]] = set()

    def start_over(self, plan: FaultPlan) -> None:
        """Take another plan, and forget what was counted and drawn."""
        self.plan, self.counters, self.dice = plan, Counters(), Dice()


class FaultLayer:
    """An ASGI layer that lets requests meet their fates."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults
        self._index = LaggingIndex(lambda: asyncio.get_running_loop().time())
        self._conditional = ConditionalCreates(app=app, index=self._index)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or do not."""
        if not exchange.concerns(scope):
            await self._app(scope, receive, send)
            return
        asked = await exchange.read(scope, receive)
        plan, counters = self._faults.plan, self._faults.counters
        counters.add("requests")
        counters.add("posts", int(asked.is_create))
        if plan.latency_seconds:
            await asyncio.sleep(plan.latency_seconds)
        fate = self._fate(asked, plan)
        if fate is not Fate.NONE:
            counters.add(fate.value)
        await self._meet(fate, asked, receive, send)

    def _fate(self, asked: Asked, plan: FaultPlan) -> Fate:
        is_concerned = not plan.types or asked.resource_type in plan.types
        if asked.method not in plan.methods or not is_concerned:
            return Fate.NONE
        return self._faults.dice.fate(plan, asked.told)

    async def _meet(self, fate: Fate, asked: Asked, receive: Receive, send: Send) -> None:
        match fate:
            case Fate.SERVER_ERROR:
                await _error(HTTPStatus.INTERNAL_SERVER_ERROR, "transient", {}).leave(send)
            case Fate.BUSY:
                await self._busy().leave(send)
            case Fate.LOST_ANSWER:
                await self._done(asked)
                await _cut(asked.scope, receive)
            case Fate.LATE_COMMIT:
                self._do_later(asked)
                await _cut(asked.scope, receive)
            case Fate.NONE:
                await (await self._done(asked)).leave(send)

    async def _done(self, asked: Asked) -> Answered:
        plan = self._faults.plan
        heeded = self._heeded(asked)
        is_conditional = heeded.is_create and heeded.header(IF_NONE_EXIST) is not None
        if is_conditional and (plan.index_lag_seconds or plan.race_seconds):
            answered = await self._conditional.answer(heeded, plan)
        else:
            answered = await exchange.pass_on(self._app, heeded)
        self._note(heeded, answered, is_conditional=is_conditional)
        if asked.method == "GET" and plan.index_lag_seconds:
            answered, hidden = self._index.seen(answered, plan.index_lag_seconds)
            self._faults.counters.add("hidden", hidden)
        return answered

    def _do_later(self, asked: Asked) -> None:
        async def later() -> None:
            await asyncio.sleep(self._faults.plan.late_commit_seconds)
            await self._done(asked)

        task = asyncio.create_task(later())
        self._faults.tasks.add(task)
        task.add_done_callback(self._faults.tasks.discard)

    def _heeded(self, asked: Asked) -> Asked:
        """The request without conditions that this EHR does not heed."""
        if self._faults.honours_if_none_exist and not self._faults.plan.ignores_if_none_exist:
            return asked
        bare = asked.without(IF_NONE_EXIST)
        if asked.is_create or asked.method != "POST":
            return bare
        return Asked(scope=bare.scope, body=_without_conditions(bare.body))

    def _note(self, asked: Asked, answered: Answered, *, is_conditional: bool) -> None:
        if asked.method != "POST":
            return
        if not asked.is_create:
            self._note_bundle(answered)
        elif answered.status == HTTPStatus.CREATED:
            self._note_created(answered.header(b"location"))
        elif answered.status == HTTPStatus.OK and is_conditional:
            self._faults.counters.add("existed")

    def _note_bundle(self, answered: Answered) -> None:
        bundle = answered.json()
        for entry in bundle.get("entry", []) if isinstance(bundle, dict) else []:
            response = entry.get("response", {})
            if str(response.get("status", "")).startswith("201"):
                self._note_created(str(response.get("location", "")))

    def _note_created(self, location: str) -> None:
        found = _LOCATION.fullmatch(location)
        if found is not None:
            self._faults.counters.created(found["reference"].partition("/")[0])
            self._index.note(found["reference"])

    def _busy(self) -> Answered:
        plan = self._faults.plan
        headers = {}
        if plan.retry_after == "seconds":
            headers = {"Retry-After": str(plan.retry_after_seconds)}
        elif plan.retry_after == "date":
            # An HTTP date has whole seconds: never earlier than promised.
            wait = timedelta(seconds=plan.retry_after_seconds + 1)
            headers = {"Retry-After": format_datetime(self._faults.clock() + wait, usegmt=True)}
        return _error(HTTPStatus.TOO_MANY_REQUESTS, "throttled", headers)


def _error(status: HTTPStatus, code: str, headers: dict[str, str]) -> Answered:
    response = RefusedError(status, code, "a fault was asked for", headers).reply().response()
    return Answered(
        status=response.status_code, headers=list(response.raw_headers), body=bytes(response.body)
    )


def _without_conditions(body: bytes) -> bytes:
    try:
        bundle = json.loads(body)
        for entry in bundle["entry"]:
            entry["request"].pop(_IF_NONE_EXIST, None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return body
    return json.dumps(bundle).encode()


async def _cut(scope: Scope, receive: Receive) -> None:
    """Break the connection without an answer, as a crashed server or a lost network does.

    uvicorn's `send` is a method of the request's cycle, which holds the connection. Where the
    server is another one, an exception is all that is left.
    """
    cycle = getattr(scope.get(RAW_SEND), "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is None:
        raise ConnectionResetError("the answer was lost, as was asked for")
    transport.abort()
    await receive()  # until it is noticed: what ends before has uvicorn answer 500
