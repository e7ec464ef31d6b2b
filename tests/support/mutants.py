"""Single faults in the examples: in a plan or a manifest, at a line, with the codes that may name them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.load import load_manifests, load_plan, read_source
from generator.model.findings import value_of
from generator.model.source import Document, Span
from generator.model.source import Path as Keys

OPEN = frozenset(
    {"annotations", "args", "data", "labels", "limits", "matchLabels", "nodeSelector", "requests", "selector"}
)
"""Mappings and lists whose items are the user's own: no API has a list of what may stand there."""

SCHEMALESS = frozenset(
    {
        "DestinationRule",
        "GCPBackendPolicy",
        "HealthCheckPolicy",
        "LeaderWorkerSet",
        "PodMonitor",
        "PodMonitoring",
        "ServiceMonitor",
    }
)
"""Kinds of which we know some fields only, and take all others as they are."""

COUNTS = frozenset(
    {
        "containerPort",
        "failureThreshold",
        "minReadySeconds",
        "number",
        "periodSeconds",
        "port",
        "progressDeadlineSeconds",
        "replicas",
        "size",
        "timeoutSeconds",
        "weight",
    }
)
"""Fields that hold a whole number, which is never negative."""

RBAC = frozenset({"ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"})
"""Kinds that may be called almost anything."""

ENUMS = frozenset({"failureMode", "imagePullPolicy", "protocol", "restartPolicy", "type"})
"""Fields of manifests whose values the API lists."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One fault: the file, its new text, where the fault is, and the codes of which one must name it."""

    name: str
    file: str
    text: str
    line: int
    written: str
    codes: frozenset[str]

    def __str__(self) -> str:
        return f"{self.name}@{self.file}:{self.line}"


@dataclass(frozen=True, kw_only=True)
class Operator:
    """A kind of fault: where it can be made, and what is written there."""

    name: str
    codes: frozenset[str]
    at: Callable[[Any, Keys, Any], bool]
    write: Callable[[str], str]
    key: bool = False


def _known(kind: str, path: Keys) -> bool:
    named = [step for step in path[:-1] if isinstance(step, str)]
    return kind not in SCHEMALESS and not OPEN & set(named)


def _in_plan(path: Keys) -> bool:
    """Say whether the schema of plans decides about a path: patches and resources are Kubernetes' own."""
    return _known("", path) and not {"json6902", "merge", "resources"} & set(path[:-1])


def _last(path: Keys) -> str:
    return str(path[-1]) if path else ""


MANIFEST = (
    Operator(
        name="misspelt field",
        codes=frozenset({"RP203", "RP209", "RP401"}),
        at=lambda kind, path, value: _known(kind, path) and isinstance(path[-1], str) and len(path) > 1,
        write=lambda old: f"{old}z",
        key=True,
    ),
    Operator(
        name="negative number",
        codes=frozenset({"RP404"}),
        at=lambda kind, path, value: _known(kind, path) and type(value) is int and _last(path) in COUNTS,
        write=lambda old: f"-1{old}",
    ),
    Operator(
        name="text for a number",
        codes=frozenset({"RP403", "RP404"}),
        at=lambda kind, path, value: _known(kind, path) and type(value) is int and _last(path) in COUNTS,
        write=lambda old: '"many of them"',
    ),
    Operator(
        name="number for a text",
        codes=frozenset({"RP403"}),
        at=lambda kind, path, value: (
            _known(kind, path)
            and type(value) is str
            and _last(path) in {"image", "name", "namespace", "value"}
            and len(path) > 3
        ),
        write=lambda old: "17",
    ),
    Operator(
        name="value that the API does not list",
        codes=frozenset({"RP404", "RP405"}),
        at=lambda kind, path, value: _known(kind, path) and type(value) is str and _last(path) in ENUMS,
        write=lambda old: "Sometimes",
    ),
    Operator(
        name="label that is none",
        codes=frozenset({"RP404", "RP409"}),
        at=lambda kind, path, value: path[:2] == ("metadata", "labels") and len(path) == 3,
        write=lambda old: '"not a label"',
    ),
    Operator(
        name="name that is none",
        codes=frozenset({"RP404", "RP409"}),
        at=lambda kind, path, value: path == ("metadata", "name") and kind not in RBAC,
        write=lambda old: f"{old}_Old",
    ),
)
PLAN = (
    Operator(
        name="misspelt field of the plan",
        codes=frozenset({"RP101", "RP102", "RP110"}),
        at=lambda kind, path, value: (
            _in_plan(path) and isinstance(path[-1], str) and path[-1] not in {"strategy", "type"}
        ),
        write=lambda old: f"{old}z",
        key=True,
    ),
    Operator(
        name="list for a value",
        codes=frozenset({"RP103", "RP104", "RP105"}),
        at=lambda kind, path, value: _in_plan(path) and not isinstance(value, (dict, list)),
        write=lambda old: "[]",
    ),
    Operator(
        name="number out of bounds",
        codes=frozenset({"RP105", "RP106"}),
        at=lambda kind, path, value: (
            _in_plan(path) and type(value) in {int, float} and path[-1] not in {"max", "min"}
        ),
        write=lambda old: f"-1{old}",
    ),
    Operator(
        name="name that is no name",
        codes=frozenset({"RP104", "RP105"}),
        at=lambda kind, path, value: (
            _in_plan(path)
            and type(value) is str
            and _last(path) in {"name", "namespace", "pool", "mode", "type", "workload", "soak"}
            and "target" not in path[1:-1]
        ),
        write=lambda old: '"No name!"',
    ),
)


def mutants(folder: Path) -> Iterator[Mutant]:
    """Give every fault that the operators can make in the plan and the manifests of a folder."""
    for path in sorted(folder.rglob("*.yaml")):
        name = path.relative_to(folder).as_posix()
        if path.name == "kustomization.yaml" or path.parent.name == "overlay":  # patches are no objects
            continue
        source = value_of(read_source(path, name))
        assert source is not None
        if name == "plan.yaml":
            document = value_of(load_plan(source))
            assert document is not None
            yield from _of(document, PLAN, name)
        else:
            for document in value_of(load_manifests(source)):
                yield from _of(document, MANIFEST, name)


def _of(document: Document, operators: Iterable[Operator], file: str) -> Iterator[Mutant]:
    kind = document.data.get("kind")
    for operator in operators:
        spans = document.keys if operator.key else document.values
        for path, value in _leaves(document.data):
            span = spans.get(path)
            if path and span and operator.at(kind, path, value) and not _is_long(value):
                text, written = _edited(document.source.text, span, operator.write)
                yield Mutant(
                    name=f"{operator.name} {_last(path)}",
                    file=file,
                    text=text,
                    line=span.line,
                    written=written,
                    codes=operator.codes,
                )


def _is_long(value: Any) -> bool:
    """Say whether a text may stand on several lines, where a fault cannot be put into one."""
    return isinstance(value, str) and (" " in value or "\n" in value)


def _leaves(data: Any, path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    yield path, data
    if isinstance(data, dict):
        for key, value in data.items():
            yield from _leaves(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _leaves(value, (*path, index))


def _edited(text: str, span: Span, write: Callable[[str], str]) -> tuple[str, str]:
    """Give the text with the fault in it, and the fault alone."""
    lines = text.split("\n")
    line, start = lines[span.line - 1], span.column - 1
    written = write(line[start : start + span.length])
    lines[span.line - 1] = line[:start] + written + line[start + span.length :]
    return "\n".join(lines), written


def replaced(file: str, text: str, old: str, new: str, codes: str, name: str) -> Mutant:
    """Give the fault of a text in a file, which must match once."""
    found = list(re.finditer(old, text, re.MULTILINE))
    assert found, f"{file} has no {old}"
    match = found[0]
    line = text.count("\n", 0, match.start()) + 1
    return Mutant(
        name=name,
        file=file,
        text=text[: match.start()] + match.expand(new) + text[match.end() :],
        line=line,
        written=match.expand(new).strip(),
        codes=frozenset(codes.split()),
    )
