"""The model servers in the pods and the Gateway before them, as one HTTP server on loopback.

    URL/pods/POD/v1/...  the server in a pod: vLLM with the resolver that finds LoRA adapters in a folder
    URL/gateway/v1/...   the Gateway, which follows the HTTPRoutes and rewrites that the API server stores

Answers are those that runbooks depend on: what is loaded is listed, an adapter in the folder is loaded when
it is asked for, a model that is not there is a 404, a pool without pods a 503.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.oracles.world.api import Api, Object

ADDRESS = "192.0.2.1"
"""The address of the Gateway, of a network that is for documentation alone."""

BASE = "base-model"
OK, NOT_FOUND, UNAVAILABLE = 200, 404, 503
ADAPTERS = "adapters"

Answer = tuple[int, Object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request that the Gateway got; the names of its headers are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Object


@dataclass(frozen=True, kw_only=True, slots=True)
class Servers:
    """All servers: `loaded` has the adapters of each pod, `down` the pods that do not answer.

    `files` is the root folder of the containers; what it holds under `adapters` every pod sees. `passed` has
    every request that the Gateway passed on, and the pool that got it.
    """

    api: Api
    files: Path
    url: str = ""
    loaded: dict[str, set[str]] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    passed: list[tuple[Request, str]] = field(default_factory=list)

    def pod(self, name: str, path: str, body: Object) -> Answer:
        """The answer of the server in a pod."""
        loaded = self.loaded.setdefault(name, set())
        if path == "/v1/models":
            return OK, {"object": "list", "data": [{"id": model} for model in (BASE, *sorted(loaded))]}
        if path == "/v1/unload_lora_adapter":
            known = body["lora_name"] in loaded
            loaded.discard(body["lora_name"])
            return (OK if known else NOT_FOUND), {}
        model = body.get("model", "")
        if path != "/v1/completions" or not model:
            return NOT_FOUND, {}
        if model != BASE and (self.files / ADAPTERS / model).is_dir():
            loaded.add(model)
        return (OK if model in {BASE, *loaded} else NOT_FOUND), {"model": model}

    def gateway(self, request: Request) -> Answer:
        """The answer to a request that came to the Gateway."""
        rules = [rule for route in self.api.all("HTTPRoute") for rule in route["spec"]["rules"]]
        ranked = [(rank, rule) for rule in rules for rank in ranks(rule, request)]
        if not ranked:
            return NOT_FOUND, {}
        pool = heaviest(max(ranked, key=lambda found: found[0])[1]["backendRefs"])["name"]
        pods = [
            pod
            for item in self.api.all("InferencePool")
            if item["metadata"]["name"] == pool
            for pod in self.api.running(item["spec"]["selector"]["matchLabels"])
        ]
        if not pods:
            return UNAVAILABLE, {}
        self.passed.append((request, pool))
        body = request.body | {"model": self._rewritten(pool, request.body.get("model", ""))}
        return self.pod(pods[0]["metadata"]["name"], request.path, body)

    def _rewritten(self, pool: str, model: str) -> str:
        for rewrite in self.api.all("InferenceModelRewrite"):
            for rule in rewrite["spec"]["rules"] if rewrite["spec"]["poolRef"]["name"] == pool else ():
                if model in [match["model"]["value"] for match in rule.get("matches", ())]:
                    return str(heaviest(rule["targets"])["modelRewrite"])
        return model


def ranks(rule: Object, request: Request) -> Iterator[tuple[int, int]]:
    """How well each match of a rule fits a request: longest path first, then most headers."""
    for match in rule["matches"]:
        path, headers = match["path"]["value"], match.get("headers", ())
        wanted = {header["name"].lower(): header["value"] for header in headers}
        if request.path.startswith(path) and wanted.items() <= request.headers.items():
            yield len(path), len(wanted)


def heaviest(backends: list[Object]) -> Object:
    """The backend that gets most; chance has no place in a test."""
    return max(backends, key=lambda backend: int(backend.get("weight", 1)))


class _Server(ThreadingHTTPServer):
    servers: Servers


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def answer(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        place, *rest = self.path.lstrip("/").split("/")
        if place == "gateway":
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(path=f"/{'/'.join(rest)}", headers=headers, body=body)
            code, said = self.server.servers.gateway(request)
        elif rest[0] in self.server.servers.down:
            return
        else:
            code, said = self.server.servers.pod(rest[0], f"/{'/'.join(rest[1:])}", body)
        text = json.dumps(said).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer  # noqa: N815  the names that http.server asks for

    def log_message(self, *args: Any) -> None:
        """Say nothing: a test looks at `passed`."""


@contextmanager
def serving(api: Api, files: Path) -> Iterator[Servers]:
    """Servers that answer until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.servers = Servers(api=api, files=files, url=f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.servers
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
