"""How a sweep reaches an EHR: as our backend service, with scopes to read a population."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ccm_fhir.fhir.bearer import Bearer
from ccm_fhir.fhir.bulk import BulkClient
from ccm_fhir.fhir.bulk_door import BulkDoor
from ccm_fhir.fhir.bulk_forms import BulkForm, form_of
from ccm_fhir.fhir.capability import Capability
from ccm_fhir.fhir.client import FhirClient
from ccm_fhir.fhir.origins import Origin
from ccm_fhir.fhir.scopes import population_scopes
from ccm_fhir.fhir.unhurried import Unhurried
from ccm_fhir.population.records import SWEPT
from ccm_fhir.services.ehr_access import configuration_of, gate_of, system_token
from ccm_fhir.services.ehr_door import EhrDoor
from ccm_fhir.services.installation import Installation
from ccm_fhir.services.write_plan import capability_of
from ccm_fhir.storage.ehrs import Ehr

_MOST_PAGES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepAccess:
    """One EHR as a sweep speaks to it, and what it says of itself."""

    client: FhirClient
    bulk: BulkClient
    form: BulkForm
    capability: Capability | None
    scope: str
    world: Installation
    ehr: Ehr

    @property
    def granted(self) -> frozenset[str]:
        """The scopes that the EHR granted; raises LaunchError where it grants none."""
        return system_token(self.world, self.ehr, scope=self.scope).scope


def sweep_access(world: Installation, ehr: Ehr, file_origins: tuple[str, ...] = ()) -> SweepAccess:
    """Return the access of a sweep; ``file_origins`` are further servers that hold its files.

    Raises:
        InputError: one of them is no origin.
        ConfigurationError: the EHR was never discovered.
    """
    capability = capability_of(ehr)
    form = form_of(capability)
    scope = population_scopes(
        configuration_of(ehr).capabilities,
        SWEPT,
        any_type=form.any_type_scope,
        also=form.own_scopes,
    )

    def renewed(refused: str) -> str:
        return system_token(world, ehr, refused=refused, scope=scope).access_token

    shared = EhrDoor(world, ehr)
    client = FhirClient(
        gate=gate_of(world, ehr),
        base_url=ehr.fhir_base,
        access_token=lambda: system_token(world, ehr, scope=scope).access_token,
        renew=renewed,
        patience=world.patience,
        most_pages=_MOST_PAGES,
        pacing=Unhurried(pacing=shared, sleep=world.patience.sleep),
    )
    origins = frozenset(Origin.of(each) for each in (*ehr.pinned_origins, *file_origins))
    door = BulkDoor(
        gate=world.open_gate(origins, ehr.allow_loopback_http),
        base_url=ehr.fhir_base,
        bearer=Bearer(token=client.access_token, renew=renewed),
        patience=replace(world.patience, most_seconds=form.longest_wait_seconds),
        pacing=shared,
    )
    return SweepAccess(
        client=client,
        bulk=BulkClient(door=door, form=form),
        form=form,
        capability=capability,
        scope=scope,
        world=world,
        ehr=ehr,
    )
