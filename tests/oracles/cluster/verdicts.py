"""What the server says of a new object: whether it would be stored, and which fields it blames."""

from __future__ import annotations

import dataclasses
import json
import re
import ssl
import urllib.error
import urllib.request
from typing import Any

import yaml

from tests.oracles.cluster import Cluster
from tests.support.patience import PATIENCE

PLURALS = {"NetworkPolicy": "networkpolicies"}
CLUSTER_WIDE = {"ClusterRole", "ClusterRoleBinding", "Namespace"}
_UNKNOWN = re.compile(r'unknown field \\?"([^"\\]+)')
_TYPE = re.compile(r"Go struct field \w+\.(\S+) of type")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """`fields` are those that the message names, as the server writes them; `message` is for people."""

    accepted: bool
    fields: tuple[str, ...] = ()
    message: str = ""


def verdict(cluster: Cluster, item: dict[str, Any], namespace: str) -> Verdict:
    """Ask the server to create an object without storing it, with strict validation of fields."""
    config = yaml.safe_load(cluster.kubeconfig.read_text(encoding="utf-8"))
    server, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    request = urllib.request.Request(
        f"{server['server']}{_path(item, namespace)}?dryRun=All&fieldValidation=Strict",
        data=json.dumps(item).encode(),
        headers={"Authorization": f"Bearer {user['token']}", "Content-Type": "application/json"},
    )
    trusted = ssl.create_default_context(cafile=server["certificate-authority"])
    try:
        with urllib.request.urlopen(request, context=trusted, timeout=PATIENCE):
            return Verdict(accepted=True)
    except urllib.error.HTTPError as error:
        status = json.loads(error.read())
    message = status["message"]
    named = [cause.get("field", "") for cause in status.get("details", {}).get("causes", ())]
    named += _UNKNOWN.findall(message) + _TYPE.findall(message)
    return Verdict(accepted=False, fields=tuple(named), message=message)


def _path(item: dict[str, Any], namespace: str) -> str:
    group, _, version = item["apiVersion"].rpartition("/")
    root = f"/apis/{group}/{version}" if group else f"/api/{version}"
    plural = PLURALS.get(item["kind"], f"{item['kind'].lower()}s")
    inside = "" if item["kind"] in CLUSTER_WIDE else f"/namespaces/{namespace}"
    return f"{root}{inside}/{plural}"
