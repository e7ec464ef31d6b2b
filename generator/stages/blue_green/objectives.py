"""The priority of requests through a blue-green rollout (field/objective).

Clients name an InferenceObjective by a header. Names are unique in a namespace and an objective belongs to
one pool, so no value resolves in both: requests to green get the name of green's objective on their way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.backends import Pool
from generator.kubernetes.rewrites import OBJECTIVE
from generator.kubernetes.routes import backends_to, rules_of
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Manifest
from generator.model.source import Ref
from generator.plan.fields import Fields
from generator.stages.blue_green.client_names import PoolView

HEADER = "x-llm-d-inference-objective"
_MODIFIER, _SETTINGS = "RequestHeaderModifier", "requestHeaderModifier"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """What the plan says: blue's objective whose copy all requests to green get, or that they keep theirs."""

    name: Ref | None
    is_kept: bool


def parse_choice(fields: Fields) -> Choice:
    """Read `objective`."""
    return Choice(name=fields.ref("name") if fields.has("name") else None, is_kept=fields.has("clientHeader"))


def objective_for(choice: Choice, blue: PoolView, green: PoolView) -> Reporting[str]:
    """Return the name of the objective that requests get on their way to green; empty where they keep theirs.

    Where blue has one objective it is that one's copy; of several the plan must choose.
    """
    known = {item.name: item for item in blue.of_pool(OBJECTIVE)}
    if choice.is_kept or not known:
        return (yield from _unless_named(choice, known))
    if choice.name is None and len(known) > 1:
        yield from _warn(known)
        return ""
    name = choice.name.value if choice.name else next(iter(known))
    if name not in known:
        return (yield from _unless_named(choice, known))
    priority = known[name].get("spec", "priority")
    copies = [item.name for item in green.of_pool(OBJECTIVE) if item.get("spec", "priority") == priority]
    return min(copies, default="")


def _unless_named(choice: Choice, known: Mapping[str, Manifest]) -> Reporting[str]:
    if choice.name is not None:
        yield finding(
            "RP331",
            f"blue's pool has no {OBJECTIVE} `{choice.name}`",
            choice.name.place,
            f"there is {', '.join(f'`{name}`' for name in known) or 'none'}",
        )
    return ""


def _warn(known: Mapping[str, Manifest]) -> Reporting[None]:
    first, *others = known.values()
    named = ", ".join(f"`{name}`" for name in known)
    yield finding(
        "RP332",
        f"clients name objectives by `{HEADER}`, and green knows none of {named}: requests that reach it "
        "have priority 0",
        first.origin.at("metadata", "name"),
        "set in `strategy.objective` which one's copy all requests to green get (`name: "
        f"{first.name}`), or that they keep their header (`clientHeader: keep`)",
        *(Related(place=item.origin.at("metadata", "name"), label="another one") for item in others),
        about=first,
    )


def with_objective(route: Manifest, objectives: Mapping[Pool, str]) -> Manifest:
    """Return the route that sets the name of a pool's objective on every request a backendRef sends there.

    `objectives` has the name by pool. The header is set where the pool is chosen, so it is the same at every
    weight; other filters of the backendRef stay.
    """
    rules = rules_of(route)
    changed = [_headed(rule, objectives, route.identity.namespace) for rule in rules]
    return route.put(changed, "spec", "rules") if changed != list(rules) else route


def _headed(rule: Mapping[str, Any], objectives: Mapping[Pool, str], home: str) -> dict[str, Any]:
    named = ((pool, name) for pool, name in objectives.items() if name)
    names = {place: name for pool, name in named for place in backends_to(rule, pool, home)}
    if not names:
        return dict(rule)
    refs = enumerate(rule["backendRefs"])
    return {**rule, "backendRefs": [_with_header(ref, names[at]) if at in names else ref for at, ref in refs]}


def _with_header(ref: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a backendRef that sets the header; the API allows one modifier of headers, so it is that one."""
    filters = list(ref.get("filters") or ())
    at = next((at for at, item in enumerate(filters) if item.get("type") == _MODIFIER), len(filters))
    settings = filters[at].get(_SETTINGS, {}) if at < len(filters) else {}
    rest = {key: [item for item in items or () if not _is_ours(item)] for key, items in settings.items()}
    required = [*rest.pop("set", ()), {"name": HEADER, "value": name}]
    modifier = {"set": required} | {key: items for key, items in rest.items() if items}
    filters[at : at + 1] = [{"type": _MODIFIER, _SETTINGS: modifier}]
    return {**ref, "filters": filters}


def _is_ours(item: Any) -> bool:
    """Return whether an entry of a modifier is for our header: an item of set or add, or a name of remove."""
    name = item.get("name") if isinstance(item, Mapping) else item
    return str(name).lower() == HEADER
