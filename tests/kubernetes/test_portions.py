"""Weights of routes and rewrites as shares: exact, and the same for everyone who reads them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.gitops.compare.traffic import flows
from generator.kubernetes.rewrites import REWRITE
from generator.kubernetes.routes import portions
from generator.model.manifests import Identity, Manifest, Origin
from generator.model.source import Document, Source
from generator.model.weights import (
    NONE,
    divide,
    from_percent,
    full_percent,
    percent,
    rounded,
    scale,
    shares_of,
)

BACKENDS = [{"name": "one", "weight": 1}, {"name": "two"}, {"name": "three", "weight": None}]


def manifest(kind: str, *entries: dict[str, Any]) -> Manifest:
    """A route or rewrite with one rule."""
    field = "targets" if kind == REWRITE else "backendRefs"
    document = Document(source=Source(name="", text=""), data={}, keys={}, values={})
    return Manifest(
        identity=Identity(group="", kind=kind, namespace="llm-d", name="it"),
        data={"kind": kind, "spec": {"rules": [{field: list(entries)}]}},
        bundle="routes",
        origin=Origin(document=document, path=()),
    )


def test_a_backend_without_a_weight_has_one() -> None:
    assert [part.weight for part in portions("HTTPRoute", {"backendRefs": BACKENDS})] == [1, 1, 1]


@pytest.mark.parametrize(
    ("weights", "shares"),
    [((None, None), (Fraction(1, 2), Fraction(1, 2))), ((3, None), (1, 0)), ((3, 1), (Fraction(3, 4), 0.25))],
)
def test_a_target_without_a_weight_is_never_chosen_beside_others(weights: Any, shares: Any) -> None:
    targets = [
        {"modelRewrite": f"v{number}"} | ({"weight": weight} if weight else {})
        for number, weight in enumerate(weights)
    ]
    assert tuple(part.share for part in portions(REWRITE, {"targets": targets})) == shares


def test_no_backend_has_a_share_where_all_weights_are_zero() -> None:
    found = portions(
        "GRPCRoute", {"backendRefs": [{"name": "one", "weight": 0}, {"name": "two", "weight": 0}]}
    )
    assert [(part.weight, part.share) for part in found] == [(0, NONE), (0, NONE)]


@pytest.mark.parametrize("edited", [None, "text", [1, "two", None], {}])
def test_what_is_no_list_of_backends_has_none(edited: Any) -> None:
    assert portions("HTTPRoute", {"backendRefs": edited}) == ()


def test_a_comparison_knows_that_a_target_is_never_chosen() -> None:
    found = flows([manifest(REWRITE, {"modelRewrite": "v1", "weight": 9}, {"modelRewrite": "v2"})])
    assert {shift.backend: shift.after for shift in found} == {"v1": 1, "v2": 0}


def test_a_comparison_adds_shares_before_it_rounds() -> None:
    """Two thirds are 66.667 %: as the sum of two rounded thirds they were 66.666."""
    one, other = ({"name": name, "kind": "Service", "port": 80, "weight": 1} for name in ("one", "other"))
    (first, _) = flows([manifest("HTTPRoute", one, one, other)])
    assert first.after is not None
    assert percent(first.after) == "66.667"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (Fraction(1), "100"),
        (Fraction(1, 8), "12.5"),
        (Fraction(1, 3), "33.333"),
        (Fraction(999_999, 1_000_000), "100"),  # was 1E+2
        (Fraction(100_001, 1_000_000), "10"),  # was 1E+1
        (Fraction(1, 1_000_000), "0"),
        (Fraction(-1, 8), "-12.5"),
        (Fraction(-1, 1_000_000), "0"),
    ],
)
def test_shares_are_shown_to_the_third_decimal(share: Fraction, text: str) -> None:
    assert percent(share) == text
    assert percent(rounded(share)) == text


@given(st.lists(st.decimals(0, 30, places=3), min_size=1, max_size=3), st.integers(1, 50))
def test_shares_of_a_plan_are_whole_weights_and_back(numbers: list[Decimal], times: int) -> None:
    shares = [from_percent(number) for number in numbers]
    total = scale(shares)
    weights = divide(total * times, shares)
    assert sum(weights) == total * times
    assert list(shares_of(weights)[1:]) == shares
    assert [Decimal(full_percent(share)) for share in shares] == numbers


def test_a_third_has_no_total() -> None:
    with pytest.raises(ValueError, match="no such total"):
        scale([Fraction(1, 3)])
