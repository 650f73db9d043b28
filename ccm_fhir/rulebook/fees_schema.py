"""The strict shape of the shipped fee files that are not plain tables of numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ccm_fhir.domain.codes import EligibleProfession
from ccm_fhir.domain.rules import Confidence, Participation, RateKind
from ccm_fhir.rulebook.fees_tables import Factor, FactorRow

_Share = Annotated[Decimal, Field(ge=0, le=1, allow_inf_nan=False)]
_Place = Annotated[str, Field(pattern=r"^[0-9]{2}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class KnownCode(_Strict):
    """A code that is kept of a CMS file; on these days the file must price it."""

    code: str = Field(pattern=r"^[0-9A-Z][0-9]{4}$")
    priced_from: date
    priced_until: date | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_is_open(cls, values: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in values.items() if value != ""}

    def is_priced(self, on: date) -> bool:
        """Whether the fee schedule has a price for the code on a day."""
        return self.priced_from <= on and (self.priced_until is None or on <= self.priced_until)


class ShippedFactor(_Strict):
    """``conversion_factors.csv``; ``all`` before there were two factors."""

    in_force_from: date
    in_force_until: date
    participation: Literal["all", "non_qp", "qp"]
    conversion_factor: Factor
    confidence: Confidence
    source: str = Field(min_length=1)

    def rows(self) -> Iterator[FactorRow]:
        """Yield a row for each participation that the factor holds for."""
        for participation in Participation:
            if self.participation in {"all", participation.value}:
                yield FactorRow(
                    in_force_from=self.in_force_from,
                    in_force_until=self.in_force_until,
                    participation=participation,
                    conversion_factor=self.conversion_factor,
                    source=self.source,
                )


class _Sourced(_Strict):
    in_force_from: date
    in_force_until: date | None = None
    source: str


class RateEntry(_Sourced):
    """A share of an amount."""

    kind: RateKind
    rate: _Share
    professions: tuple[EligibleProfession, ...] = ()


class PlacesEntry(_Sourced):
    """Which places of service get which rate."""

    facility: tuple[_Place, ...] = Field(min_length=1)
    nonfacility: tuple[_Place, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if both := set(self.facility) & set(self.nonfacility):
            raise ValueError(f"place {min(both)} is in both lists")
        return self


class PaymentSource(_Strict):
    """Where a share or a list was read."""

    title: str = Field(min_length=1)
    where: str = Field(min_length=1)
    url: str = ""
    confidence: Confidence


class PaymentFile(_Strict):
    """``payment.toml``."""

    qp_factor_from: date
    rates: tuple[RateEntry, ...] = Field(min_length=1)
    places: tuple[PlacesEntry, ...] = Field(min_length=1)
    sources: dict[str, PaymentSource]
    not_modelled: tuple[str, ...]

    @model_validator(mode="after")
    def _cites_what_it_lists(self) -> Self:
        for entry in (*self.rates, *self.places):
            if entry.source not in self.sources:
                raise ValueError(f"cites {entry.source}, which is not among its sources")
        return self
