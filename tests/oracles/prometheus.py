"""A real Prometheus server with series that a test wrote."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.patience import PATIENCE

START = 1_700_000_000
"""The Unix time of the first sample."""

STEP = 15
"""Seconds between samples."""


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """A server, and the time of the last sample in it."""

    url: str
    end: int


def why_not() -> str:
    """Say why no server can run here; nothing when one can."""
    missing = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
    return f"{' and '.join(missing)} not installed (package prometheus)" if missing else ""


@contextmanager
def recorded(folder: Path, series: Mapping[str, list[float]]) -> Iterator[Recorded]:
    """Run a server that knows these series: `name{labels}` to the samples, a step apart."""
    text = folder / "series.txt"
    lines = []
    for name, samples in series.items():
        lines += [f"{name} {value:g} {START + index * STEP}" for index, value in enumerate(samples)]
    text.write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")
    data = folder / "data"
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", text, data], check=True, capture_output=True
    )
    (folder / "prometheus.yml").write_text("{}", encoding="utf-8")
    port = _free_port()
    words = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder) as server:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(f"{url}/-/ready", server)
            yield Recorded(url=url, end=START + (max(map(len, series.values())) - 1) * STEP)
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(PATIENCE * 10):
        assert server.poll() is None, "prometheus has ended"
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError("prometheus does not get ready")
