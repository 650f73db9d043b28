"""The same jobs on a Ray cluster: the same bytes, though nodes and workers are lost."""

from __future__ import annotations

import subprocess
import time
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from ray.cluster_utils import Cluster

from fhir_fixtures.practice.population import Population, write_population
from tests.population.exports import swept_folder
from tests.population.test_resuming import command, finished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NODE: dict[str, Any] = {
    "num_cpus": 1,
    "object_store_memory": 100 * 1024 * 1024,
    "include_dashboard": False,
}
PATIENCE_SECONDS = 120.0


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("population")
    write_population(
        Population(
            patients=600, seed=11, as_of=date(2026, 11, 23), broken=0.02, patients_a_file=50
        ),
        folder,
    )
    return folder / "export"


@pytest.fixture(scope="module")
def wanted(export: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return swept_folder(export, tmp_path_factory.mktemp("wanted")).written


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Yield a cluster of two nodes of one core each, their processes on loopback."""
    made = Cluster(initialize_head=True, head_node_args=NODE)
    made.add_node(**NODE)
    try:
        yield made
    finally:
        made.shutdown()  # type: ignore[no-untyped-call]


def swept_by(cluster: Cluster, export: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        command(export, out, "--engine=ray", f"--address={cluster.address}", *more),
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_nodes_give_the_bytes_of_one_process(
    cluster: Cluster, export: Path, wanted: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "out.ndjson"
    with swept_by(cluster, export, out) as running:
        _, told = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 1, told  # something in the export is broken
    assert "patients =" in told
    assert out.read_bytes() == wanted


def test_a_node_that_is_lost_changes_no_byte(
    cluster: Cluster, export: Path, wanted: bytes, tmp_path: Path
) -> None:
    out, work = tmp_path / "out.ndjson", tmp_path / "work"
    with swept_by(cluster, export, out, f"--work={work}") as running:
        until = time.monotonic() + PATIENCE_SECONDS
        while finished(work) < 3 and running.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.005)
        assert running.poll() is None, "it was over before a node could be lost"
        cluster.remove_node(cluster.worker_nodes.copy().pop(), allow_graceful=False)
        _, told = running.communicate(timeout=PATIENCE_SECONDS)
    assert running.returncode == 1, told
    assert out.read_bytes() == wanted


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nowhere", "127.0.0.1:none", ":99999999"])
def test_a_cluster_that_does_not_answer_is_told(export: Path, tmp_path: Path, address: str) -> None:
    ran = subprocess.run(  # noqa: S603
        command(export, tmp_path / "out.ndjson", "--engine=ray", f"--address={address}"),
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2
    assert "no Ray cluster answered there" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_address_without_the_engine_is_refused(export: Path, tmp_path: Path) -> None:
    ran = subprocess.run(  # noqa: S603
        command(export, tmp_path / "out.ndjson", "--address=127.0.0.1:6379"),
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2
    assert "--engine ray" in ran.stderr
