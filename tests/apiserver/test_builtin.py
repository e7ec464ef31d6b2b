"""Built-in kinds get the verdict of a server: every row of the table, and everything that people have."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.apiserver import builtin
from generator.apiserver.builtin import check, check_template, words
from generator.apiserver.builtin.classes import GROUPS, model_of, read, served
from generator.apiserver.builtin.fields import table
from generator.apiserver.builtin.quantities import quantity
from generator.apiserver.builtin.rules import IMPLIED, RULES
from generator.pipeline import compile_plan, planned
from tests.support.builtin_faults import FAULTS, VALID, Fault, Object, mutants, plain, sweep
from tests.support.paths import ROOT
from tests.support.trees import EXAMPLES

SHARED = Path(os.environ.get("ROLLPLAN_SHARED", ROOT.parent / "shared"))
SAMPLES = sorted((SHARED / "samples").glob("*.yaml"))


def verdict(item: Object) -> list[tuple[str, str]]:
    """Give kind and field of each violation; keys of maps are written after a dot."""
    return [(one.kind, plain(one.field)) for one in check(item)]


@pytest.mark.parametrize("name", VALID)
def test_a_valid_object_has_no_violation(name: str) -> None:
    assert verdict(VALID[name]) == []


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_has_the_violation_of_its_row(fault: Fault) -> None:
    found = verdict(fault.object())
    if fault.kind == "ok":
        assert found == []
    else:
        assert (fault.kind, plain(fault.field)) in found


def test_the_table_is_as_long_as_it_says_and_each_row_stands_once() -> None:
    assert len(FAULTS) >= 440
    assert len({str(fault) for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.kind != "ok"], ids=str)
def test_a_violation_tells_what_to_do(fault: Fault) -> None:
    for violation in check(fault.object()):
        assert violation.message and violation.hint
        assert "\n" not in violation.message + violation.hint


def manifests(text: str) -> Iterator[Object]:
    for item in yaml.safe_load_all(text):
        if item and builtin.is_builtin(item["apiVersion"].rpartition("/")[0]):
            yield item


@pytest.mark.skipif(not SAMPLES, reason="there is no folder of samples")
@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_have_no_violation(path: Path) -> None:
    for item in manifests(path.read_text(encoding="utf-8")):
        assert check(item) == ()


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_an_example_renders_has_no_violation(example: str) -> None:
    tree = planned(compile_plan(ROOT / "plans" / example / "plan.yaml")).tree
    paths = [path for path in tree if path.endswith(".yaml") and not path.endswith("kustomization.yaml")]
    items = [item for path in paths if "/delete/" not in path for item in manifests(tree[path])]
    assert len(items) > 10
    for item in items:
        assert check(item) == ()


values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 99999) | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=6), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(VALID)), st.data(), values)
def test_no_value_anywhere_breaks_the_check(name: str, data: st.DataObject, value: Any) -> None:
    item = copy.deepcopy(VALID[name])
    path = data.draw(
        st.sampled_from([path for path in mutants(item) if path[0] not in {"apiVersion", "kind"}])
    )
    inner: Any = item
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    for violation in check(item):
        assert violation.kind in vars(words).values()
        assert violation.path[: len(path) - 1] == () or violation.field


def test_pods_inside_custom_resources_are_judged_at_their_place() -> None:
    template = copy.deepcopy(VALID["deployment"]["spec"]["template"])
    where = ("spec", "leaderWorkerTemplate", "workerTemplate")
    assert check_template(template, where) == ()
    template["spec"]["containers"][0]["ports"][0]["name"] = "http_port"
    (violation,) = check_template(template, where)
    assert violation.field == "spec.leaderWorkerTemplate.workerTemplate.spec.containers[0].ports[0].name"


def test_a_secret_is_never_quoted() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"k": "hunter2!"}}
    secret["stringData"] = {"hunter 2": 5}
    found = check(secret)
    assert found
    assert "hunter" not in str([(one.message, one.hint) for one in found])


@pytest.mark.parametrize(
    ("api", "kind", "hint"),
    [
        ("apps/v1beta2", "Deployment", "use `apps/v1`"),
        ("extensions/v1beta1", "Deployment", "use `apps/v1`"),
        ("v1", "Deployment", "use `apps/v1`"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "use `autoscaling/v1` or `autoscaling/v2`"),
        ("v1", "Pool", "`kubectl api-resources` lists the kinds that a cluster has"),
    ],
)
def test_a_kind_that_no_server_has(api: str, kind: str, hint: str) -> None:
    (violation,) = check({"apiVersion": api, "kind": kind, "metadata": {"name": "a"}})
    assert (violation.kind, violation.field, violation.hint) == (words.UNSERVED, "apiVersion", hint)


def test_models_are_read_whole() -> None:
    """Each class of which a rule speaks is there, and each type that its fields name."""
    seen, todo = (
        set[str](),
        [name for kind in ("Deployment", "StatefulSet") if (name := model_of("apps", "v1", kind))],
    )
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        for type_ in read(name).fields.values():
            inner = type_.removeprefix("List[").removesuffix("]")
            assert "[" not in inner and "'" not in inner
            todo += [inner] if "_v" in inner and not inner.endswith(("Time", "FieldsV1")) else []
        assert read(name).fields, name
    assert {"core_v1.PodSpec", "core_v1.Container", "core_v1.Probe", "meta_v1.ObjectMeta"} <= seen


def test_every_class_of_the_tables_exists() -> None:
    for name, rows in table().items():
        for field, _ in rows:
            assert field in read(name).fields, f"{name} has no {field}"
    for name in (*RULES, *IMPLIED):
        assert read(name).fields, name
    for name, fields in IMPLIED.items():
        assert {read(name).fields[field] for field in fields} == set(fields.values())
    assert served("Service") == ("v1",)
    assert "apps" in GROUPS


@given(st.integers(-(10**6), 10**6), st.sampled_from(["", "m", "k", "Ki", "M", "Mi", "Gi", "e3"]))
def test_a_quantity_is_what_it_says(number: int, unit: str) -> None:
    factor = {"": 1, "m": 0.001, "k": 1e3, "Ki": 1024, "M": 1e6, "Mi": 1024**2, "Gi": 1024**3, "e3": 1e3}[
        unit
    ]
    found = quantity(f"{number}{unit}")
    assert found is not None
    assert float(found) == pytest.approx(number * factor)


def test_the_sample_of_the_sweep_is_the_same_every_time() -> None:
    assert list(sweep(random.Random(1), 5)) == list(sweep(random.Random(1), 5))
