"""A part larger than may be held is judged in several turns, with the same results."""

from __future__ import annotations

from pathlib import Path

import pytest

from ccm_fhir.population import plan_sweep
from ccm_fhir.population.asking import judge_for
from ccm_fhir.population.mapping import map_range
from ccm_fhir.population.reducing import Part, reduce_part
from fhir_fixtures.practice.population import Population, write_population
from tests.population.exports import AS_OF, ASKING

JUDGE = judge_for(ASKING)


@pytest.mark.parametrize("most_held_bytes", [20_000, 100_000])
def test_turns_change_neither_results_nor_counts(tmp_path: Path, most_held_bytes: int) -> None:
    write_population(Population(patients=60, seed=4, as_of=AS_OF, broken=0.05), tmp_path)
    plan = plan_sweep(tmp_path / "export", ASKING, ())
    spills = [tmp_path / f"{stretch.number}.spill" for stretch in plan.ranges()]
    for stretch, spill in zip(plan.ranges(), spills, strict=True):
        map_range(stretch, spill, partitions=1, base_url="", table=JUDGE.table)
    whole = Part(number=0, spills=spills, absent_types=())
    turns = Part(number=0, spills=spills, absent_types=(), most_held_bytes=most_held_bytes)
    assert reduce_part(whole, JUDGE, tmp_path / "whole") == reduce_part(
        turns, JUDGE, tmp_path / "turns"
    )
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "turns").read_bytes()
