"""The metric gates of a stage, asked of a real Prometheus server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from generator.gitops.gate import judge
from tests.conftest import Rollplan
from tests.gitops.test_promote import render
from tests.oracles.prometheus import STEP, Recorded, recorded, why_not

POOL = 'namespace="llm-d",service="vllm-qwen3-32b-new-epp"'
MINUTES = 10
SAMPLES = MINUTES * 60 // STEP


def counter(per_second: float) -> list[float]:
    return [index * STEP * per_second for index in range(SAMPLES)]


def latency(seconds: float) -> dict[str, list[float]]:
    """Give a histogram whose every request took `seconds`."""
    bounds = ["0.5", "1.0", "2.5", "5.0", "+Inf"]
    return {
        f'llm_d_epp_request_ttft_seconds_bucket{{{POOL},le="{bound}"}}': counter(
            10 if float(bound) >= seconds else 0
        )
        for bound in bounds
    }


SERIES = {
    "good": {
        f"llm_d_epp_request_total{{{POOL}}}": counter(100),
        f'llm_d_epp_request_error_total{{{POOL},error_code="500"}}': counter(0.5),
        **latency(0.8),
    },
    "slow": {f"llm_d_epp_request_total{{{POOL}}}": counter(100), **latency(4)},
    "failing": {
        f"llm_d_epp_request_total{{{POOL}}}": counter(100),
        f'llm_d_epp_request_error_total{{{POOL},error_code="500"}}': counter(3),
        **latency(0.8),
    },
    "other": {'llm_d_epp_request_total{namespace="llm-d",service="vllm-qwen3-32b-epp"}': counter(100)},
    "idle": {f"llm_d_epp_request_total{{{POOL}}}": counter(0), **latency(99)},
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render("blue-green", tmp_path_factory.mktemp("rendered"))


@pytest.fixture(params=SERIES)
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Recorded]]:
    if why_not():
        pytest.skip(why_not())
    with recorded(tmp_path, SERIES[request.param]) as server:
        yield request.param, server


HOLDS = {
    "good": {"errors": True, "time-to-first-token": True},
    "slow": {"errors": True, "time-to-first-token": False},
    "failing": {"errors": False, "time-to-first-token": True},
    "other": {"errors": False, "time-to-first-token": False},
    "idle": {"errors": False, "time-to-first-token": False},
}


def test_a_real_server_is_asked(history: tuple[str, Recorded], tree: Path, rollplan: Rollplan) -> None:
    name, server = history
    words = ("gate", tree, "weight-5", "--prometheus", server.url, "--time", server.end)
    done = rollplan(*words, "--format", "json")
    report = json.loads(done.stdout)
    held = {gate["name"]: gate["holds"] for gate in report["gates"]}
    assert {key: held[key] for key in HOLDS[name]} == HOLDS[name], done.stdout
    assert (done.returncode, done.stderr) == (0 if all(held.values()) else 1, "")
    said = rollplan(*words).stdout
    assert said.count("FAILS") == list(held.values()).count(False)
    if name == "other":
        assert "no answer" in said
    before = rollplan(*words[:-1], server.end - 86400)
    assert (before.returncode, before.stdout.count("FAILS")) == (1, len(held))


def test_a_query_that_is_none_is_a_fault(
    history: tuple[str, Recorded], tree: Path, rollplan: Rollplan
) -> None:
    _, server = history
    done = rollplan("gate", tree, "weight-5", "--prometheus", server.url, "--time", "yesterday")
    assert (done.returncode, done.stdout) == (2, "")
    assert "refuses a query" in done.stderr


def test_a_stage_without_metrics_holds(tree: Path, rollplan: Rollplan) -> None:
    done = rollplan("gate", tree, "00", "--prometheus", "http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (0, "no metric gates\n")


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "file:///etc/passwd", "ftp://x", "nonsense", ""])
def test_what_cannot_be_asked_is_a_fault(tree: Path, rollplan: Rollplan, url: str) -> None:
    done = rollplan("gate", tree, "weight-5", "--prometheus", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr


class Impostor(BaseHTTPRequestHandler):
    """Answers something else than Prometheus does."""

    answer = b""
    code = 200
    seen: dict[str, str]

    def do_GET(self) -> None:
        type(self).seen = dict(self.headers)
        self.send_response(self.code)
        self.end_headers()
        self.wfile.write(self.answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (200, b"<html>sign in</html>"),
        (200, b"[" * 100_000),
        (200, b"[]"),
        (200, b'{"status": "success"}'),
        (200, b'{"status": "success", "data": {"resultType": "matrix", "result": []}}'),
        (200, b'{"status": "error", "error": "\\u001b[31mred"}'),
        (401, b"who are you?"),
        (503, b""),
    ],
)
def test_an_answer_that_is_none_is_a_fault(
    tree: Path, rollplan: Rollplan, tmp_path: Path, code: int, answer: bytes
) -> None:
    (tmp_path / "token").write_text("secret\n")
    impostor = type("Told", (Impostor,), {"answer": answer, "code": code})
    with HTTPServer(("127.0.0.1", 0), impostor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        words = ("--prometheus", url, "--bearer-token-file", tmp_path / "token")
        done = rollplan("gate", tree, "weight-5", *words)
        server.shutdown()
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert "secret" not in done.stderr
    assert impostor.seen["Authorization"] == "Bearer secret"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ((), False),
        ((float("nan"),), False),
        ((float("inf"),), False),
        ((0.5,), True),
        ((1.0,), True),
        ((1.5,), False),
        ((0.5, 1.5), False),
        ((0.5, 0.7), True),
    ],
)
def test_a_gate_without_a_number_does_not_hold(values: tuple[float, ...], holds: bool) -> None:
    (result,) = judge([{"name": "x", "promql": "y", "max": 1.0}], lambda _: values)
    assert result.holds is holds


@pytest.mark.parametrize(("value", "holds"), [(0.9, False), (1.0, True), (float("inf"), False)])
def test_at_least(value: float, holds: bool) -> None:
    (result,) = judge([{"name": "x", "promql": "y", "min": 1.0}], lambda _: (value,))
    assert (result.holds, result.required) == (holds, "at least 1")
