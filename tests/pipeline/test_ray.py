"""Over a Ray cluster of two machines the result is the one of this process, whatever dies."""

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster
from world import World, bank_config

from foretoken.bank.build import build_bank
from foretoken.engines.ray import cluster as our_cluster
from foretoken.engines.ray.cluster import ATTEMPTS, Crew
from foretoken.errors import ModelError, SetupError
from foretoken.pipeline.measure import MeasureConfig, measure
from foretoken.records import Draw
from foretoken.store.run import Run

pytestmark = pytest.mark.slow
STORE_BYTES = 100 << 20

DRIVER = """
import sys
from foretoken.bank.build import build_bank
from foretoken.bank.config import BankConfig

build_bank(BankConfig.model_validate_json(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def machines() -> Iterator[Cluster]:
    head = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    yield cluster
    cluster.shutdown()


def work(world: World, run: Path, address: str | None) -> None:
    build_bank(bank_config(world, run, draws_per_task=30, part_draws=64, ray=address, workers=2))
    measure(
        MeasureConfig(run=run, checkpoints=world.checkpoints, count_draws=8, ray=address, workers=2)
    )


def parts(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in run.rglob("*.parquet")}


@pytest.fixture(scope="module")
def alone(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("alone") / "run"
    work(world, run, None)
    return run


def test_two_machines_give_the_same_files_as_one_process(
    world: World, alone: Path, machines: Cluster, tmp_path: Path
) -> None:
    work(world, tmp_path / "run", machines.address)
    assert parts(tmp_path / "run") == parts(alone)
    assert not ray.is_initialized()


def busy(machines: Cluster, task: str, *, node: int | None = None) -> list[int]:
    """Worker processes of a cluster that are at a task now, as Ray calls it in their titles."""
    nodes = machines.list_all_nodes() if node is None else [machines.list_all_nodes()[node]]
    raylets = {each.all_processes["raylet"][0].process.pid for each in nodes}
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes().split(b"\0")[0].decode()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
        if title == f"ray::{task}" and parent in raylets:
            found.append(int(folder.name))
    return found


@contextmanager
def beside(deed: Callable[[], bool]) -> Iterator[threading.Thread]:
    """Try a deed again and again, beside the block, until it is done."""
    over = threading.Event()

    def watch() -> None:
        while not over.is_set() and not deed():
            time.sleep(0.002)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield thread
    finally:
        over.set()
        thread.join()


def test_workers_killed_while_they_draw_grade_and_score_change_nothing(
    world: World, alone: Path, machines: Cluster, tmp_path: Path
) -> None:
    waiting = ["EngineWorker.sample", "GraderWorker.grade", "EngineWorker.score"]

    def kill_one() -> bool:
        for pid in busy(machines, waiting[0])[:1]:
            os.kill(pid, signal.SIGKILL)
            waiting.pop(0)
        return not waiting

    with beside(kill_one):
        work(world, tmp_path / "run", machines.address)
    assert waiting == []
    assert parts(tmp_path / "run") == parts(alone)


def test_a_machine_that_is_lost_changes_nothing(
    world: World, alone: Path, machines: Cluster, tmp_path: Path
) -> None:
    lost: list[object] = []

    def lose() -> bool:
        if busy(machines, "EngineWorker.sample", node=1):
            node = machines.list_all_nodes()[1]
            machines.remove_node(node, allow_graceful=False)
            lost.append(node)
        return bool(lost)

    try:
        with beside(lose):
            work(world, tmp_path / "run", machines.address)
    finally:
        if lost:
            machines.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    assert len(lost) == 1
    assert parts(tmp_path / "run") == parts(alone)


def test_a_driver_that_is_killed_goes_on_where_it_stopped(
    world: World, alone: Path, machines: Cluster, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    config = bank_config(
        world, run, draws_per_task=30, part_draws=64, ray=machines.address, workers=2
    )
    driver = subprocess.Popen([sys.executable, "-c", DRIVER, config.model_dump_json()])
    while len(list((run / "draws").glob("*.parquet"))) < 2:
        assert driver.poll() is None
        time.sleep(0.01)
    driver.kill()
    driver.wait()
    assert len(Run.open(run).parts(Draw)) < len(Run.open(alone).parts(Draw))
    work(world, run, machines.address)
    assert parts(run) == parts(alone)


@contextmanager
def machine_without(folder: Path, address: str) -> Iterator[None]:
    """A third machine of the cluster, on which a folder is empty."""
    script = f"mount -t tmpfs none '{folder}' && exec ray start --address={address} --block"
    settings = ["--num-cpus=1", f"--object-store-memory={STORE_BYTES}", "--disable-usage-stats"]
    command = ["unshare", "-rm", "sh", "-c", " ".join([script, *settings])]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    node = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        node.terminate()
        node.wait(30)


def test_a_machine_that_cannot_read_a_folder_is_named_with_it(
    world: World, machines: Cluster, tmp_path: Path
) -> None:
    nodes = len(machines.list_all_nodes())
    with machine_without(world.donor, machines.address):
        while len(_alive(machines)) == nodes:
            time.sleep(0.1)
        with pytest.raises(ModelError, match=rf"on {os.uname().nodename}: .*{world.donor}"):
            work(world, tmp_path / "run", machines.address)


def _alive(machines: Cluster) -> list[dict[str, Any]]:
    return [each for each in machines.global_state.node_table() if each["Alive"]]


@pytest.fixture
def joined(machines: Cluster) -> Iterator[None]:
    with our_cluster.Cluster(machines.address) as cluster:
        cluster.join()
        yield


@pytest.mark.usefixtures("joined")
def test_work_that_kills_every_worker_ends_in_one_error() -> None:
    class Fragile:
        def ready(self) -> str:
            from importlib.metadata import version

            return version("foretoken")

        def die(self) -> None:
            os._exit(1)

    crew = Crew(lambda _: ray.remote(num_cpus=0)(Fragile).remote(), 2)
    with pytest.raises(SetupError, match=f"{ATTEMPTS} workers died over the same piece"):
        crew.call("die")
    crew.close()


@pytest.mark.usefixtures("joined")
def test_a_machine_with_another_version_is_refused() -> None:
    class Old:
        def ready(self) -> str:
            return "0.0.1"

    crew = Crew(lambda _: ray.remote(num_cpus=0)(Old).remote(), 1)
    with pytest.raises(SetupError, match=r"has foretoken 0\.0\.1, this one .*: install the same"):
        crew.call("ready")
    crew.close()


def test_an_address_without_a_cluster_is_refused_in_one_line(tmp_path: Path, world: World) -> None:
    config = bank_config(world, tmp_path / "run", ray="127.0.0.1:9")
    with pytest.raises(SetupError, match=r"no Ray cluster answers at 127\.0\.0\.1:9"):
        build_bank(config)
    assert not ray.is_initialized()


def test_a_cluster_of_this_machine_ends_with_its_command(world: World, tmp_path: Path) -> None:
    mark = uuid.uuid4().hex
    config = bank_config(
        world, tmp_path / "run", draws_per_task=4, proposals="donor", ray="local", workers=2
    )
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, config.model_dump_json()],
        env={**os.environ, "FORETOKEN_MARK": mark},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ray" not in done.stdout + done.stderr
    assert Run.open(tmp_path / "run").parts(Draw)
    deadline = time.monotonic() + 20
    while (left := _marked(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def _marked(mark: str) -> list[str]:
    found: list[str] = []
    for file in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark.encode() in file.read_bytes():
                found.append((file.parent / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_ray_is_not_imported_where_it_is_not_asked_for(world: World, tmp_path: Path) -> None:
    config = bank_config(world, tmp_path / "run", draws_per_task=4, proposals="donor")
    script = DRIVER + "assert not [name for name in sys.modules if name.split('.')[0] == 'ray']"
    done = subprocess.run([sys.executable, "-c", script, config.model_dump_json()], check=False)
    assert done.returncode == 0
