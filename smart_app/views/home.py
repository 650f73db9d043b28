"""What the front page says."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """The addresses an EHR's administrator needs; a demo adds where its sandbox is."""

    launch_url: str
    redirect_url: str
    jwks_url: str
    ehr_origins: tuple[str, ...]
