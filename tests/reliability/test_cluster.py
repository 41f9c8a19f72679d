"""A Dask cluster in trouble: workers cut off, hung, without disk, wrong or gone, a scheduler that is restarted, TLS.

The scheduler and the workers are processes of their own. Time limits of Dask that are minutes by default are seconds
here.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from slow_jobs import COMMAND, expected, noted, values

pytest.importorskip("distributed")
from dask_processes import ROOT, Cluster, ended, until

from grue.engine.store import Store

Figure = Callable[[str, float | str], None]

SECONDS = {
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "3s",  # 5 minutes by default
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "11s",  # 30 s by default, and 11 s at least
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",  # 30 s by default
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"), SECONDS)
    yield made
    made.close()


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    """A scheduler and two workers, whatever the test before has done to them; nothing noted yet."""
    shared.restore()
    (shared.folder / "noted.log").unlink(missing_ok=True)
    return shared


def slow(cluster: Cluster, out: str, count: int, seconds: float = 0.3, fills: str = "") -> subprocess.Popen[str]:
    """A run of cheap jobs on the cluster."""
    return cluster.command("-c", COMMAND, out, str(count), str(seconds), cluster.address, *filter(None, [fills]))


def is_complete(cluster: Cluster, out: str, count: int) -> None:
    """Every job is in the store, once, with the values of an undisturbed run; no failure, nothing put aside."""
    assert values(cluster.folder / out) == expected(count)
    others = {path.name for path in (cluster.folder / out).iterdir()} - {"jobs", ".lock", "study.json"}
    assert not [name for name in others if list((cluster.folder / out / name).iterdir())]


def begun(cluster: Cluster) -> list[int]:
    """The jobs that were begun, in this order; one that was begun again is in it twice."""
    return [job for job, _ in noted(cluster.folder, "begun")]


def busy(cluster: Cluster) -> dict[int, int]:
    """Dask worker -> the job that it runs, as far as they have noted it."""
    done = {job for job, _ in noted(cluster.folder, "ended")}
    return {worker: job for job, worker in noted(cluster.folder, "begun") if job not in done}


def head_of(cluster: Cluster, worker: int) -> subprocess.Popen[bytes]:
    """The process that was started to have this worker: its nanny."""
    ancestors = {worker, *(parent.pid for parent in psutil.Process(worker).parents())}
    return next(process for process in cluster.workers if process.pid in ancestors)


class Networks:
    """Two networks of one machine and a cable between them, in namespaces of their own: the machine's is not touched.

    In front of a command, `here` and `there` run it in one of them. Addresses are those of the loopback interfaces, so
    that they stay when the cable is cut.
    """

    HERE, THERE = "10.99.0.1", "10.99.0.2"

    def __init__(self) -> None:
        self.holders: list[subprocess.Popen[bytes]] = []
        self.here = self._namespace("unshare", "--map-root-user", "--net")
        self.there = self._namespace(*self.here, "unshare", "--net")
        far = str(self.holders[1].pid)
        self._ip(self.here, "link add cable type veth peer name cable netns " + far)
        for inside, own in ((self.here, self.HERE), (self.there, self.THERE)):
            self._ip(inside, "link set lo up")
            self._ip(inside, f"addr add {own}/32 dev lo")
        self.heal()

    def heal(self) -> None:
        for inside, own, other in ((self.here, self.HERE, self.THERE), (self.there, self.THERE, self.HERE)):
            self._ip(inside, "link set cable up")
            self._ip(inside, f"route replace {other}/32 dev cable src {own}")

    def cut(self) -> None:
        self._ip(self.here, "link set cable down")

    def close(self) -> None:
        for holder in self.holders:
            holder.kill()
            holder.communicate()

    def _namespace(self, *command: str) -> list[str]:
        holder = subprocess.Popen([*command, "sh", "-c", "echo; exec sleep 600"], stdout=-1, stderr=-1)
        self.holders.append(holder)
        assert holder.stdout is not None
        if not holder.stdout.readline():
            raise OSError(holder.communicate()[1].decode().strip())
        return ["nsenter", "--target", str(holder.pid), "--user", "--net", "--preserve-credentials"]

    def _ip(self, inside: list[str], command: str) -> None:
        done = subprocess.run([*inside, "ip", *command.split()], capture_output=True, text=True, check=False)
        if done.returncode:
            raise OSError(done.stderr.strip())


@pytest.fixture
def networks() -> Iterator[Networks]:
    if not all(map(shutil.which, ("unshare", "nsenter", "ip"))):
        pytest.skip("needs unshare, nsenter and ip (Linux)")
    made = Networks.__new__(Networks)
    try:
        made.__init__()
    except OSError as error:
        made.close()
        pytest.skip(f"this user may not make network namespaces: {error}")
    yield made
    made.close()


@pytest.fixture
def apart(networks: Networks, tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler and a worker in one network, another worker (the second) in the other one."""
    made = Cluster(tmp_path, SECONDS, host=networks.HERE, inside=networks.here, workers=1)
    try:
        made.workers.append(made.worker("--host", networks.THERE, inside=networks.there))
        made.restore()
        yield made
    finally:
        made.close()


@pytest.mark.invariant("A cable that is pulled and put back within seconds changes nothing.")
def test_a_worker_is_cut_off_for_a_moment(networks: Networks, apart: Cluster) -> None:
    run = slow(apart, "out", 12, seconds=1)
    until(lambda: len(busy(apart)) == 2)
    networks.cut()
    time.sleep(2)
    networks.heal()
    code, output = ended(run)
    assert code == 0, output
    assert "gone" not in output
    assert sorted(begun(apart)) == list(range(12)), "each was begun once"
    is_complete(apart, "out", 12)


@pytest.mark.soak
@pytest.mark.invariant("A worker that is cut off from the network loses no job, and none is in the store twice.")
def test_a_worker_is_cut_off_by_the_network(networks: Networks, apart: Cluster, figure: Figure) -> None:
    far = apart.workers[1]
    run = slow(apart, "out", 30, seconds=1)
    until(lambda: len(busy(apart)) == 2)
    (worker,) = [worker for worker in busy(apart) if head_of(apart, worker) is far]
    networks.cut()
    cut = time.monotonic()
    lost = [job for job, own in noted(apart.folder, "begun") if own == worker][-1]
    until(lambda: begun(apart).count(lost) == 2)
    figure("seconds until its job began elsewhere (Dask's limits at 3 s and 11 s)", time.monotonic() - cut)
    far.wait(60)  # Dask ends a worker that has lost its scheduler
    networks.heal()
    apart.workers[1] = apart.worker("--host", networks.THERE, inside=networks.there)
    until(lambda: len({own for _, own in noted(apart.folder, "begun")}) == 3)
    code, output = ended(run)
    assert code == 0, output
    assert f"1 Dask worker gone (tcp://{networks.THERE}:" in output
    is_complete(apart, "out", 30)


HANGS = "A worker that hangs holds up its own job alone, until the scheduler gives that to another one."


@pytest.mark.invariant(HANGS)
def test_a_worker_hangs(cluster: Cluster, figure: Figure) -> None:
    """Its nanny does not, and starts a new one."""
    run = slow(cluster, "hung", 8, seconds=1)
    until(lambda: len(busy(cluster)) == 2)
    worker, job = next(iter(busy(cluster).items()))
    psutil.Process(worker).suspend()
    since = time.monotonic()
    until(lambda: begun(cluster).count(job) == 2)
    figure("seconds until its job began elsewhere (Dask's limit at 3 s)", time.monotonic() - since)
    code, output = ended(run)
    assert code == 0, output
    assert "has been silent for 1 s; if it stays so, the scheduler gives its job to another one" in output
    is_complete(cluster, "hung", 8)


@pytest.mark.invariant(HANGS)
def test_a_worker_hangs_as_a_run_begins(cluster: Cluster) -> None:
    """It cannot tell its versions then."""
    for worker in psutil.Process(cluster.workers[0].pid).children(recursive=True):
        worker.suspend()
    code, output = ended(slow(cluster, "begun", 8))
    assert code == 0, output
    assert "does not answer; going on without it" in output
    is_complete(cluster, "begun", 8)


@pytest.mark.soak
@pytest.mark.invariant(HANGS)
def test_a_worker_and_its_nanny_hang_and_wake_up(cluster: Cluster, figure: Figure) -> None:
    run = slow(cluster, "frozen", 8, seconds=1)
    until(lambda: len(busy(cluster)) == 2)
    worker, job = next(iter(busy(cluster).items()))
    nanny = head_of(cluster, worker)
    stopped = [psutil.Process(process) for process in (nanny.pid, worker)]
    for process in stopped:
        process.suspend()
    since = time.monotonic()
    until(lambda: begun(cluster).count(job) == 2)
    figure("seconds until its job began elsewhere (Dask's limit at 3 s)", time.monotonic() - since)
    for process in stopped:
        process.resume()
    code, output = ended(run)
    assert code == 0, output
    assert "has been silent for 1 s; if it stays so, the scheduler gives its job to another one" in output
    is_complete(cluster, "frozen", 8)
    nanny.wait(60)  # Dask ends a worker that the scheduler has given up


@pytest.mark.invariant("A worker that is ended gently, as at the end of its allocation, fails no job.")
def test_a_worker_is_terminated_in_the_middle_of_a_job(cluster: Cluster) -> None:
    run = slow(cluster, "ended", 8, seconds=1)
    until(lambda: len(busy(cluster)) == 2)
    worker, job = next(iter(busy(cluster).items()))
    head_of(cluster, worker).terminate()
    code, output = ended(run)
    assert code == 0, output
    assert begun(cluster).count(job) == 2
    is_complete(cluster, "ended", 8)


@pytest.mark.invariant("A run outlives all of its workers, and uses those that join later.")
def test_all_workers_are_killed_and_others_join(cluster: Cluster) -> None:
    run = slow(cluster, "without", 20, seconds=0.5)
    until(lambda: len(busy(cluster)) == 2)
    for worker in cluster.workers:
        cluster.kill(worker)
    before = {own for _, own in noted(cluster.folder, "begun")}
    time.sleep(4)  # the run looks every second how many there are
    cluster.restore(workers=1)
    until(lambda: len({own for _, own in noted(cluster.folder, "begun")} - before) == 1)
    cluster.restore(workers=2)
    code, output = ended(run)
    assert code == 0, output
    assert "has no workers; waiting for them" in output
    assert "has 1 Dask worker now" in output
    assert len({own for _, own in noted(cluster.folder, "begun")} - before) == 2
    is_complete(cluster, "without", 20)


@pytest.mark.invariant("A scheduler that hangs is named, and the run goes on when it answers again.")
def test_the_scheduler_hangs_and_wakes_up(cluster: Cluster) -> None:
    run = slow(cluster, "waiting", 10)
    until(lambda: len(busy(cluster)) == 2)
    scheduler = psutil.Process(cluster.scheduler.pid)
    scheduler.suspend()
    time.sleep(4)
    scheduler.resume()
    code, output = ended(run)
    assert code == 0, output
    assert "has not answered for 1 s; waiting for it" in output
    assert "answers again" in output
    is_complete(cluster, "waiting", 10)


@pytest.mark.invariant("A worker with another version that joins a run computes nothing: the run ends and names it.")
def test_a_worker_of_another_version_joins(cluster: Cluster, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "engine", tmp_path / "grue" / "engine")
    (tmp_path / "grue" / "__init__.py").write_text('__version__ = "0.0.9"\n')
    run = slow(cluster, "mixed", 100)
    until(lambda: len(busy(cluster)) == 2)
    other = cluster.worker(path=str(tmp_path))
    code, output = ended(run)
    cluster.kill(other)
    assert code == 2, output
    assert "has other versions: grue is 0.0.9 there and" in output
    assert "end that worker; then repeat the command" in output
    kept = values(cluster.folder / "mixed")
    assert 0 < len(kept) < 100
    assert kept == {name: row for name, row in expected(100).items() if name in kept}
    code, output = ended(slow(cluster, "mixed", len(kept) + 2))
    assert code == 0, output
    is_complete(cluster, "mixed", len(kept) + 2)


@pytest.mark.invariant("A scheduler that is restarted ends the run; the same command computes the rest and no more.")
def test_the_scheduler_is_killed_and_started_again(cluster: Cluster, figure: Figure) -> None:
    run = slow(cluster, "headless", 20)
    until(lambda: len(values(cluster.folder / "headless")) > 4)
    cluster.kill(cluster.scheduler)
    code, output = ended(run)
    assert code == 2, output
    assert output.splitlines()[-1].startswith(f"grue: lost the connection to the Dask scheduler at {cluster.address}")
    assert "repeat the command" in output
    assert "Traceback" not in output
    kept = set(values(cluster.folder / "headless"))
    for worker in cluster.workers:  # Dask ends them
        worker.wait(60)
    cluster.restore()
    (cluster.folder / "noted.log").unlink()
    code, output = ended(slow(cluster, "headless", 20))
    assert code == 0, output
    assert not {f"slow-{job:03}" for job in begun(cluster)} & kept, "a finished job was begun again"
    figure("jobs done before, and not again", len(kept))
    is_complete(cluster, "headless", 20)


@pytest.mark.invariant("A worker whose disk is full fails the jobs that write to it, and no other.")
def test_a_worker_fills_its_disk(cluster: Cluster, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    try:
        for worker in cluster.workers:
            cluster.kill(worker)
        cluster.workers = [cluster.worker("--local-directory", str(disk)) for _ in range(2)]
        cluster.restore()
        code, output = ended(slow(cluster, "full", 8, fills=str(disk / "file")))
        assert code == 1, output
        (failure,) = Store(cluster.folder / "full", "jobs").failures()
        assert failure["message"] == "OSError: [Errno 28] No space left on device"
        assert failure["worker"].startswith("tcp://127.0.0.1:")
        assert values(cluster.folder / "full").keys() == expected(8).keys() - {"slow-000"}
        (disk / "file").unlink()
        code, output = ended(slow(cluster, "full", 8))
        assert code == 0, output
        is_complete(cluster, "full", 8)
    finally:
        for worker in cluster.workers:
            cluster.kill(worker)
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: S607
