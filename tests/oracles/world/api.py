"""Requests to the API server as controllers make them: small, many, and without kubectl."""

from __future__ import annotations

import json
import ssl
import threading
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import yaml

from tests.support.patience import PATIENCE

Object = dict[str, Any]

PATHS = {
    "Deployment": ("apis/apps/v1", "deployments"),
    "Gateway": ("apis/gateway.networking.k8s.io/v1", "gateways"),
    "HTTPRoute": ("apis/gateway.networking.k8s.io/v1", "httproutes"),
    "InferenceModelRewrite": ("apis/llm-d.ai/v1alpha2", "inferencemodelrewrites"),
    "InferencePool": ("apis/inference.networking.k8s.io/v1", "inferencepools"),
    "LeaderWorkerSet": ("apis/leaderworkerset.x-k8s.io/v1", "leaderworkersets"),
    "Pod": ("api/v1", "pods"),
    "StatefulSet": ("apis/apps/v1", "statefulsets"),
}
ERRORS, NOT_FOUND, CONFLICT, TOO_EARLY = 400, 404, 409, 429


class Api:
    """One namespace of an API server, to be closed at the end."""

    def __init__(self, kubeconfig: Path, namespace: str) -> None:
        config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        server = config["clusters"][0]["cluster"]
        self.namespace = namespace
        self._token = config["users"][0]["user"]["token"]
        host, _, port = server["server"].removeprefix("https://").partition(":")
        context = ssl.create_default_context(cafile=server["certificate-authority"])
        # One for all threads: to open one takes longer than a request.
        self._connection = HTTPSConnection(host, int(port), timeout=PATIENCE, context=context)
        self._turn = threading.Lock()

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def all(self, kind: str, labels: dict[str, str] | None = None) -> list[Object]:
        """The objects of a kind, by name; with `labels`, those that carry them all."""
        found = self._call("GET", kind)
        return [
            {"kind": kind, **item}
            for item in found.get("items", ())
            if (labels or {}).items() <= item["metadata"].get("labels", {}).items()
        ]

    def running(self, labels: dict[str, str]) -> list[Object]:
        """The running pods that carry these labels."""
        return [pod for pod in self.all("Pod", labels) if pod["status"]["phase"] == "Running"]

    def create(self, kind: str, body: Object) -> None:
        """Store a new object."""
        version = PATHS[kind][0].split("/", 1)[1]
        self._call("POST", kind, body={"apiVersion": version, "kind": kind, **body})

    def delete(self, kind: str, name: str) -> None:
        """Delete an object at once; one that is gone already is no error."""
        self._call("DELETE", kind, name, body={"gracePeriodSeconds": 0})

    def set_status(self, kind: str, name: str, status: Object) -> None:
        """Replace fields of an object's status; one that is gone is no error."""
        self._call("PATCH", kind, f"{name}/status", body={"status": status})

    def _call(self, method: str, kind: str, name: str = "", body: Object | None = None) -> Object:
        group, plural = PATHS[kind]
        path = f"/{group}/namespaces/{self.namespace}/{plural}/{name}".rstrip("/")
        media = "merge-patch+json" if method == "PATCH" else "json"
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": f"application/{media}"}
        code = TOO_EARLY
        while code == TOO_EARLY:  # a kind that nobody has asked for yet
            with self._turn:
                self._connection.request(
                    method, path, body=json.dumps(body) if body else None, headers=headers
                )
                answer = self._connection.getresponse()
                code, text = answer.status, answer.read()
        if code in (NOT_FOUND, CONFLICT):  # kubectl was faster: it works on the same objects
            return {}
        assert code < ERRORS, f"{method} {path}: {text.decode()}"
        found: Object = json.loads(text)
        return found
