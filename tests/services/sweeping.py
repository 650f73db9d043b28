"""Sweeps of an EHR for tests: a sandbox that exports as planned, and what a sweep of it gives."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import uuid4

from ccm_fhir.fhir.bulk_forms import BulkForm
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.discovery import discover
from ccm_fhir.fhir.gate import OutgoingGate
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.tokens import (
    ClientAuthMethod,
    ClientCredentials,
    Stamp,
    TokenEndpoint,
    client_credentials,
)
from ccm_fhir.population import Accounting, Asking, LocalPool, run_sweep
from ccm_fhir.population.results import decode_result
from ccm_fhir.population.work import held_folder
from ccm_fhir.population.writing import write_results
from ccm_fhir.services.sweep_access import sweep_access
from ccm_fhir.services.sweep_ehr import Collected, Collecting, asked_of
from ccm_fhir.services.sweep_state import ExportState, StateFile
from ccm_fhir.storage import ehrs
from fhir_fixtures.sandbox.bulk.plan import BulkPlan
from tests.population.exports import by_file, swept
from tests.services.loopback_ehr import KEY, TODAY, Clock, Ehr, cast, running_ehr, with_more
from tests.services.wire import Wire
from tests.world import ORGANIZATION, Site, open_site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ccm_fhir.services.sweep_export import Fetched
    from fhir_fixtures.practice.model import Practice, Resource

ASKING = Asking(as_of=TODAY)
PATIENTS = 6
GROUP = "panel"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """What a person asks for; everything but the group is off by default."""

    group: str = ""
    since: str = ""
    keep: Path | None = None
    source: str = ""
    filters: tuple[str, ...] = ()


EVERYTHING = AskedFor()


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptEhr:
    """What a sweep of an EHR gave."""

    written: bytes = field(repr=False)
    account: Accounting
    state: ExportState

    @property
    def outcomes(self) -> dict[str, str]:
        results = map(decode_result, self.written.splitlines())
        return {result.patient: result.outcome for result in results}


def population(patients: int = PATIENTS) -> Practice:
    """Return a practice of so many patients, all of them in one Group."""
    made = cast(patients)
    names = sorted(r["id"] for r in made.resources if r["resourceType"] == "Patient")
    return with_more(made, group_of(*names))


def group_of(*patients: str) -> Resource:
    return {
        "resourceType": "Group",
        "id": GROUP,
        "type": "person",
        "actual": True,
        "member": [{"entity": {"reference": f"Patient/{name}"}} for name in patients],
    }


@contextmanager
def exporting_site(
    database_url: str,
    plan: BulkPlan | None = None,
    practice: Practice | None = None,
    clock: Clock | None = None,
) -> Iterator[Site]:
    """Yield a site in front of an EHR that exports as planned."""
    with (
        running_ehr(
            practice or population(), clock or Clock(), like=lambda told: replace(told, bulk=plan)
        ) as ehr,
        open_site(database_url, ehr) as site,
    ):
        yield site


@contextmanager
def writer(ehr: Ehr) -> Iterator[FhirClient]:
    """Yield a client that may write anything into an EHR."""
    gate = OutgoingGate(
        origins=frozenset({Origin.of(ehr.origin)}), allow_loopback_http=True, transport=Wire()
    )
    with closing(gate):
        credentials = ClientCredentials(
            client_id="ccm-fhir", method=ClientAuthMethod.PRIVATE_KEY_JWT, key=KEY
        )
        endpoint = TokenEndpoint(
            gate=gate, url=discover(gate, ehr.base).token_endpoint, credentials=credentials
        )
        stamp = Stamp(now=ehr.clock(), jti=str(uuid4()))
        grant = client_credentials(endpoint, scope="system/*.cruds", stamp=stamp)
        yield FhirClient(gate=gate, base_url=ehr.base, access_token=grant.access_token)


def collecting(
    site: Site,
    folder: Path,
    wish: AskedFor = EVERYTHING,
    *,
    file_origins: tuple[str, ...] = (),
    form: BulkForm | None = None,
) -> Collecting:
    """Return a reading of the EHR into a folder, as a vendor of that form if one is given."""
    with site.world.db.read(site.practice_id) as session:
        ehr = ehrs.get(session, site.practice_id, site.ehr_id)

    def told(_: Fetched) -> None:
        """Hear how far it is."""

    access = sweep_access(site.world, ehr, file_origins)
    if form is not None:
        access = replace(access, form=form, bulk=replace(access.bulk, form=form))
    return Collecting(
        access=access,
        asked=asked_of(site.world, ehr, ASKING, wish),
        folder=folder,
        tell=told,
        state=StateFile(folder),
    )


def collected(site: Site, folder: Path, wish: AskedFor = EVERYTHING) -> Collected:
    """Read the site's EHR into a folder."""
    with held_folder(folder):
        return collecting(site, folder, wish).collect()


def sweep(
    site: Site,
    folder: Path,
    wish: AskedFor = EVERYTHING,
    *,
    file_origins: tuple[str, ...] = (),
    form: BulkForm | None = None,
) -> SweptEhr:
    """Sweep the site's EHR as the command does; the work folder is gone afterwards."""
    work_folder, out = folder / "ehr.work", folder / "ehr.ndjson"
    with held_folder(work_folder):
        made = collecting(site, work_folder, wish, file_origins=file_origins, form=form).collect()
        pool = LocalPool(made.plan.asking, 1)
        account = run_sweep(made.plan, made.work, pool, lambda _: None)
        write_results([made.work.part(n) for n in range(made.plan.partitions)], out)
        made.work.remove()
    return SweptEhr(written=out.read_bytes(), account=account, state=made.state)


def as_ndjson(folder: Path, practice: Practice) -> bytes:
    """Return what a sweep of the same resources in a folder gives."""
    asking = Asking(as_of=TODAY, organization=ORGANIZATION)
    return swept(folder, by_file(practice.resources), asking).written
