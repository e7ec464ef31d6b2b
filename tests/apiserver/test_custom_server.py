"""A real API server says of objects and expressions what we say of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from generator.apiserver.custom.definitions import definitions_in
from tests.oracles.cluster import Cluster
from tests.support.cel_tables import ERRORS, TRUE
from tests.support.crd_tables import ACCEPTED, REFUSED, THING, thing
from tests.support.patience import PATIENCE


def crd(group: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A definition of the kind Thing in this group."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"things.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Thing", "listKind": "ThingList", "plural": "things", "singular": "thing"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }


def served(cluster: Cluster, definition: dict[str, Any]) -> str:
    """Give the server a definition; what it says against it, or nothing."""
    name = definition["metadata"]["name"]
    done = cluster.kubectl("create", "-f", "-", input=json.dumps(definition))
    if done.returncode == 0:
        wait = ("wait", f"crd/{name}", "--for=condition=Established", f"--timeout={PATIENCE}s")
        cluster.kubectl(*wait).check_returncode()
    return "" if done.returncode == 0 else done.stderr


def refusals(cluster: Cluster, data: dict[str, Any], namespace: str) -> str:
    """What the server says against an object; nothing where it takes it."""
    command = ("create", "-n", namespace, "--dry-run=server", "--validate=strict", "-f", "-")
    for _ in range(40):  # a new kind takes a moment to be served
        done = cluster.kubectl(*command, input=json.dumps(data))
        if "no matches for kind" not in done.stderr and "could not find" not in done.stderr:
            break
    return "" if done.returncode == 0 else done.stderr


def expressions(cluster: Cluster, group: str, texts: list[str]) -> Iterator[tuple[str, str]]:
    """Give each expression with what the server says of it as a rule; nothing where it holds.

    Those that its compiler takes for too costly, or for ill-typed, are left out.
    """
    rules = {f"e{number}": text for number, text in enumerate(texts)}
    while True:
        fields = {
            name: {"type": "string", "x-kubernetes-validations": [{"rule": text, "message": f"{name}."}]}
            for name, text in rules.items()
        }
        spec = {"type": "object", "properties": fields}
        said = served(cluster, crd(group, {"type": "object", "properties": {"spec": spec}}))
        refused = set(re.findall(r"properties\[(e[0-9]+)\]", said))
        if not said:
            break
        assert refused, said
        rules = {name: text for name, text in rules.items() if name not in refused}
    assert len(rules) > len(texts) / 2
    data = {"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "a"}}
    said = refusals(cluster, data | {"spec": dict.fromkeys(rules, "x")}, cluster.namespace())
    for name, text in rules.items():
        found = re.search(rf'spec\.{name}: Invalid value: "string": (.*?{name}\.)', said)
        yield text, found[1] if found else ""


def test_the_server_finds_true_what_we_find_true(cluster: Cluster) -> None:
    assert not {text: said for text, said in expressions(cluster, "true.test", TRUE) if said}


def test_the_server_fails_where_we_fail_in_the_same_words(cluster: Cluster) -> None:
    for text, said in expressions(cluster, "errors.test", list(ERRORS)):
        assert ERRORS[text] in said, text


def test_the_server_takes_and_refuses_what_we_take_and_refuse(cluster: Cluster) -> None:
    definition = crd("things.test", THING)
    assert not served(cluster, definition)
    (ours,) = definitions_in(definition)
    namespace = cluster.namespace()
    for spec in (*ACCEPTED, *(spec for spec, _ in REFUSED)):
        data = thing(spec, namespace)
        said = refusals(cluster, data, namespace)
        found = ours(data)
        assert bool(said) == bool(found), (spec, said, found)
        for violation in found:
            words = violation.message if violation.kind == "unknown" else violation.field
            assert words in said, (spec, violation, said)
