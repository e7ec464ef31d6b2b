"""Pins: rules and routes that refer to blue and must not be shifted, each with its reason (I7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from generator.kubernetes.backends import Pool, references
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.manifests import Identity, Manifest
from generator.model.source import Place
from generator.plan.fields import Fields

DRAIN, FOREVER = "drain", "forever"
"""How long a pin holds: until everything else has left blue, or for good, and then blue stays too."""

Pinned = Mapping[tuple[Identity, int | None], "Pin"]
"""Route and index of a rule (none for a whole object that has no rules of a route) → its pin."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """One entry of `pins`: a route, one of its rules or all of them, and how long they stay with blue."""

    kind: str
    route: str
    namespace: str
    rule: str | int | None
    until: str
    reason: str
    place: Place

    def __str__(self) -> str:
        """Return `rule chat of HTTPRoute llm-route`."""
        whole = f"{self.kind} {self.route}"
        return whole if self.rule is None else f"rule {self.rule} of {whole}"


def parse_pins(strategy: Fields) -> tuple[Pin, ...]:
    """Read `pins`."""
    return tuple(
        Pin(
            kind=item.text("kind", "HTTPRoute"),
            route=item.text("route"),
            namespace=item.text("namespace"),
            rule=item.get("index", item.get("rule")),
            until=item.text("until", DRAIN),
            reason=item.text("reason"),
            place=item.place,
        )
        for item in strategy.items("pins")
    )


def resolve(
    pins: tuple[Pin, ...], routes: tuple[Manifest, ...], blue: Pool, kinds: frozenset[str]
) -> Reporting[Pinned]:
    """Return the rules that are pinned; a pin of what does not refer to blue is a finding.

    `kinds` have rules that could be shifted; an object of another kind is pinned as a whole.
    """
    pinned: dict[tuple[Identity, int | None], Pin] = {}
    for pin in pins:
        meant = [item for item in routes if _is_meant(pin, item)]
        rules = [
            (item.identity, index)
            for item in meant
            for index in (_rules(item, blue) if item.kind in kinds else [None])
            if pin.rule is None or index in _indexes(item, pin.rule)
        ]
        if not rules:
            what = f"{pin} does not refer to `{blue}`" if meant else f"there is no {pin.kind} `{pin.route}`"
            hint = f"`{blue}` is named by {', '.join(_named(routes, blue)) or 'nothing'}"
            yield finding("RP323", f"the pin matches nothing: {what}", pin.place, hint)
        pinned |= dict.fromkeys(rules, pin)
    return pinned


def _is_meant(pin: Pin, item: Manifest) -> bool:
    return (item.kind, item.name) == (pin.kind, pin.route) and pin.namespace in ("", item.identity.namespace)


def _named(routes: tuple[Manifest, ...], blue: Pool) -> Iterator[str]:
    """Return `rule chat of HTTPRoute llm-route` of everything that refers to blue."""
    for item in routes:
        whole = f"{item.kind} `{item.name}`"
        rules = tuple(_rules(item, blue))
        for index in rules:
            yield f"rule `{item.get('spec', 'rules', index, 'name', default=index)}` of {whole}"
        if not rules and any(True for _ in references(item, blue)):
            yield whole


def _rules(item: Manifest, blue: Pool) -> Iterator[int]:
    """Return the indexes of the rules that refer to blue, in a backend or in a filter."""
    for index, _ in enumerate(item.get("spec", "rules", default=[])):
        if any(True for _ in references(item, blue, "spec", "rules", index)):
            yield index


def _indexes(item: Manifest, rule: str | int) -> list[int]:
    rules = item.get("spec", "rules", default=[])
    return [index for index, own in enumerate(rules) if rule in (index, own.get("name"))]
