"""A Dask cluster over TLS, as docs/cluster.md sets it up; and what is said where certificates are missing or wrong."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from slow_jobs import COMMAND, expected, values

pytest.importorskip("distributed")
from dask_processes import ROOT, Cluster, ended

SETTINGS = {"DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "3s"}
"""In place of 30 s."""


def block(begins: str) -> str:
    """The block of code in docs/cluster.md that begins so."""
    blocks = (ROOT / "docs" / "cluster.md").read_text().split("\n\n")
    return next(text for text in blocks if text.lstrip().startswith(begins))


def certificate(folder: Path) -> dict[str, str]:
    """Make a certificate in a new folder, with the command of the page, and the settings that name it."""
    folder.mkdir()
    command = shlex.split(block("openssl").replace("\\\n", " ").replace("rsa:4096", "rsa:2048"))
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    (folder / "tls.yaml").write_text(block("distributed:").replace("/path/to", str(folder)))
    return {**SETTINGS, "DASK_CONFIG": str(folder)}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if not shutil.which("openssl"):
        pytest.skip("needs openssl, which makes certificates")
    folder = tmp_path_factory.mktemp("tls")
    made = Cluster(folder, certificate(folder / "certificate"), scheme="tls")
    yield made
    made.close()


def run(cluster: Cluster, settings: dict[str, str], address: str, out: str = "out") -> tuple[int, str]:
    """Run four jobs with some settings; the exit code and what was printed."""
    before, cluster.settings = cluster.settings, settings
    try:
        return ended(cluster.command("-c", COMMAND, out, "4", "0", address))
    finally:
        cluster.settings = before


@pytest.mark.invariant("A cluster with certificates is used over TLS, and refuses whoever has none.")
def test_a_run_over_tls(cluster: Cluster) -> None:
    cluster.restore()
    code, output = run(cluster, cluster.settings, cluster.address)
    assert code == 0, output
    assert values(cluster.folder / "out") == expected(4)


@pytest.mark.invariant("A cluster with certificates is used over TLS, and refuses whoever has none.")
def test_no_certificates_the_wrong_ones_and_no_encryption_are_one_line_each(cluster: Cluster, tmp_path: Path) -> None:
    cluster.restore()
    other = certificate(tmp_path / "other")
    gone = certificate(tmp_path / "gone")
    (tmp_path / "gone" / "cert.pem").unlink()
    for settings, address, words in (
        (SETTINGS, cluster.address, "it needs certificates, and Dask's settings here (distributed.comm.tls) name none"),
        (other, cluster.address, "all sides need certificates of one authority"),
        (gone, cluster.address, f"is missing or no certificate ({tmp_path / 'gone' / 'cert.pem'}, "),
        (SETTINGS, cluster.address.replace("tls", "tcp"), "if it has certificates, its address begins with tls://"),
        (cluster.settings, cluster.address.replace("tls", "tcp"), f"demand encryption; use {cluster.address}"),
    ):
        code, output = run(cluster, settings, address, "refused")
        assert code == 2, output
        assert words in output.splitlines()[-1]
        assert "Traceback" not in output
