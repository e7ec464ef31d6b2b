"""What routes and pools do with requests along the way (contract I8, I9, I14)."""

from __future__ import annotations

from collections.abc import Iterator

from generator.kubernetes.labels import ROLE
from generator.kubernetes.routes import IDLE_SECONDS, ROUTE_KINDS, rules_of, weight_of
from generator.kubernetes.selectors import caught_labels, selector_of
from generator.model.durations import seconds
from generator.model.findings import Related
from generator.model.made import PREFILL
from generator.model.manifests import Manifest, dig
from generator.rules.case import Case, Finding, model_servers, pools, related


def weightless(case: Case) -> Iterator[Finding]:
    """Find rules whose weights are all 0: the API demands 500 for their requests (contract I8)."""
    for route in (item for item in case.today if item.kind in ROUTE_KINDS):
        for index, rule in enumerate(rules_of(route)):
            refs = rule.get("backendRefs") or ()
            if refs and not any(map(weight_of, refs)):
                yield Finding(
                    message=f"all weights of rule {index} of {route.kind} `{route.name}` are 0: its requests "
                    "get 500",
                    place=route.origin.at("spec", "rules", index, "backendRefs"),
                    hint="give the backend that serves today a weight, or take the rule out",
                    about=route,
                )


def short_drain(case: Case) -> Iterator[Finding]:
    """Find a version that leaves before its slowest answer can be over (contract I9, I11)."""
    drain = getattr(case.plan.strategy, "drain", None)
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
    yield Finding(
        message=f"blue is deleted {drain} after its last request began, and an answer may take {limit} s: "
        "what still streams is cut off, and there is no way back",
        place=drain.place,
        hint=f"say `drain: {limit}s` or more, or leave `drain` out: blue stays at weight 0 that long",
        related=places,
    )


def _limits(case: Case) -> Iterator[tuple[int, Manifest, int]]:
    """Return seconds, route and rule of every request timeout on the way to a pool that leaves."""
    left = {item.identity for item in case.last}
    gone = [pool.name for pool in pools(case.today) if pool.identity not in left]
    for route in (item for item in case.today if item.kind in ROUTE_KINDS):
        for index, rule in enumerate(rules_of(route)):
            limit = dig(rule, "timeouts", "request")
            named = {ref.get("name") for ref in rule.get("backendRefs") or ()}
            if limit and not named.isdisjoint(gone):
                yield seconds(str(limit)), route, index


def blind_choice(case: Case) -> Iterator[Finding]:
    """Find pools with prefill pods that may be chosen from blindly (contract I14)."""
    for pool in pools(case.objects):
        if pool.get("spec", "endpointPickerRef", "failureMode") != "FailOpen":
            continue
        selector = selector_of(pool) or {}
        for server in model_servers(case.objects):
            if any(labels.get(ROLE) == PREFILL for labels in caught_labels(selector, server)):
                yield Finding(
                    message=f"while the endpoint picker of InferencePool `{pool.name}` is away, `FailOpen` "
                    f"sends requests to any pod: the prefill pods of `{server.name}` do not answer them",
                    place=pool.origin.at("spec", "endpointPickerRef", "failureMode"),
                    hint="say `failureMode: FailClose` for a pool with prefill pods",
                    about=pool,
                    related=(related(server, "prefill pods in the pool", "metadata", "name"),),
                )
