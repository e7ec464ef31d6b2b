"""Rules: weights, drain time and failure mode (I8, I9, I14)."""

from __future__ import annotations

from collections.abc import Iterator

from generator.kubernetes.labels import ROLE
from generator.kubernetes.routes import IDLE_SECONDS, ROUTE_KINDS, portions, rules_of
from generator.kubernetes.selectors import caught_labels, selector_of
from generator.model.durations import seconds
from generator.model.findings import Finding, Related
from generator.model.made import PREFILL
from generator.model.manifests import Manifest, dig
from generator.rules.case import Case, model_servers, pools, related, rule


@rule("RP520", "error", "all weights of a rule are 0", keeps=("I8",))
def weightless(case: Case) -> Iterator[Finding]:
    """Find rules whose weights are all 0: the API requires 500 for their requests (I8)."""
    for route in (item for item in case.today if item.kind in ROUTE_KINDS):
        for index, fields in enumerate(rules_of(route)):
            parts = portions(route.kind, fields)
            if parts and not any(part.weight for part in parts):
                yield case.finding(
                    f"all weights of rule {index} of {route.kind} `{route.name}` are 0: its requests get 500",
                    route.origin.at("spec", "rules", index, "backendRefs"),
                    "give the backend that serves today a weight, or remove the rule",
                    about=route,
                )


@rule("RP522", "error+", "blue leaves before its last answer", keeps=("I9", "I11"))
def short_drain(case: Case) -> Iterator[Finding]:
    """Find a version that is deleted before its slowest answer can be over (I9, I11)."""
    drain = case.rollout.drain
    if drain is None:
        return
    slowest = max(_limits(case), key=lambda found: found[0], default=None)
    limit = slowest[0] if slowest and slowest[0] else IDLE_SECONDS
    if seconds(drain.value) >= limit:
        return
    places: tuple[Related, ...] = ()
    if slowest:
        path = ("spec", "rules", slowest[2], "timeouts", "request")
        places = (related(slowest[1], "an answer may take as long as this", *path),)
    yield case.finding(
        f"blue is deleted {drain} after its last request began, and an answer may take {limit} s: "
        "what still streams is cut off, and there is no way back",
        drain.place,
        f"set `drain: {limit}s` or more, or leave `drain` out: blue stays at weight 0 that long",
        *places,
        about=(*_leaving(case), *pools(case.today))[0],
    )


def _leaving(case: Case) -> Iterator[Manifest]:
    """Return the pools that serve today and are gone at the end."""
    left = {item.identity for item in case.last}
    return (pool for pool in pools(case.today) if pool.identity not in left)


def _limits(case: Case) -> Iterator[tuple[int, Manifest, int]]:
    """Return seconds, route and rule of every request timeout on the way to a pool that leaves."""
    gone = [pool.name for pool in _leaving(case)]
    for route in (item for item in case.today if item.kind in ROUTE_KINDS):
        for index, fields in enumerate(rules_of(route)):
            limit = dig(fields, "timeouts", "request")
            named = {ref.get("name") for ref in fields.get("backendRefs") or ()}
            if limit and not named.isdisjoint(gone):
                yield seconds(str(limit)), route, index


@rule("RP523", "warning", "FailOpen with prefill pods", keeps=("I14",))
def blind_choice(case: Case) -> Iterator[Finding]:
    """Find pools with prefill pods that fail open (I14)."""
    for pool in pools(case.objects):
        if pool.get("spec", "endpointPickerRef", "failureMode") != "FailOpen":
            continue
        selector = selector_of(pool) or {}
        for server in model_servers(case.objects):
            if any(labels.get(ROLE) == PREFILL for labels in caught_labels(selector, server)):
                yield case.finding(
                    f"while the endpoint picker of InferencePool `{pool.name}` is away, `FailOpen` "
                    f"sends requests to any pod: the prefill pods of `{server.name}` do not answer them",
                    pool.origin.at("spec", "endpointPickerRef", "failureMode"),
                    "set `failureMode: FailClose` for a pool with prefill pods",
                    related(server, "prefill pods in the pool", "metadata", "name"),
                    about=pool,
                )
