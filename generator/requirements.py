"""What a strategy must find in the plan's manifests before it can plan a single stage."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from difflib import get_close_matches

from generator.anatomy import find_picker, find_pool
from generator.codes import CODES
from generator.diagnostics import Findings, Related
from generator.gateways import IMPLEMENTATIONS, Support
from generator.manifests import Manifest
from generator.model import Ref, Target
from generator.routes import ROUTE_KINDS, Beta, Mirror, Shift, reference, rules_of, rules_to, shifted
from generator.weights import LARGEST

RULES, MATCHES, HEADERS = 16, 128, 16
"""Limits of an HTTPRoute: its rules, all its matches, the headers of one match (contract §1.4)."""


def require_pool(manifests: tuple[Manifest, ...], name: Ref, found: Findings) -> Manifest | None:
    """Find the InferencePool and its endpoint picker; what is missing is a finding."""
    pool = find_pool(manifests, name.value)
    if pool is None:
        pools = [item.name for item in manifests if item.kind == "InferencePool"]
        hint = f"the manifests have {', '.join(pools)}" if pools else "add the InferencePool to the manifests"
        found.add(CODES["RP301"], f"no InferencePool is called `{name}`", name.place, hint)
        return None
    picker = find_picker(manifests, pool)
    service = pool.get("spec", "endpointPickerRef", "name", default="")
    if picker.service is None or not picker.workloads:
        missing = f"Service `{service}`" if picker.service is None else f"workload behind Service `{service}`"
        found.add(
            CODES["RP311"],
            f"the {missing} of InferencePool `{name}` is not among the manifests",
            pool.origin.at("spec", "endpointPickerRef", "name"),
            "add the whole endpoint picker (Service, Deployment, ConfigMap, RBAC) to the same manifests",
            Related(place=name.place, label="the pool is asked for here"),
        )
    return pool


def require_routes(routes: tuple[Manifest, ...], shift: Shift, at: Ref, found: Findings) -> None:
    """Ask for HTTPRoutes of which some rule sends to blue, and none knows green yet."""
    for route in routes:
        if route.kind not in ROUTE_KINDS:
            found.add(
                CODES["RP208"],
                f"`{route.identity}` is not a route",
                route.origin.at("kind"),
                "keep in `routes` only HTTPRoutes and GRPCRoutes; put other objects under `shared`",
            )
        for index in rules_to(route, shift.green):
            place = reference(rules_of(route)[index], shift.green) or 0
            found.add(
                CODES["RP303"],
                f"rule {index} of {route.kind} `{route.name}` already sends to `{shift.green}`",
                route.origin.at("spec", "rules", index, "backendRefs", place, "name"),
                "give the route as it was before this rollout",
            )
    named = ", ".join(f"`{route.name}`" for route in routes)
    if not any(True for route in routes for _ in rules_to(route, shift.blue)):
        found.add(
            CODES["RP302"],
            f"no rule of {named or 'any HTTPRoute'} sends requests to `{shift.blue}`",
            at.place,
            f"add to `routes` the HTTPRoute whose backendRefs name InferencePool `{shift.blue}`",
        )


def require_beta(routes: Iterable[Manifest], shift: Shift, beta: Beta, found: Findings) -> None:
    """Ask that the beta header is free and that its rules fit the limits of an HTTPRoute."""
    for route in routes:
        for index in rules_to(route, shift.blue):
            for place, match in enumerate(rules_of(route)[index].get("matches") or [{}]):
                names = [header["name"].lower() for header in match.get("headers", ())]
                where = route.origin.at("spec", "rules", index, "matches", place)
                if beta.name.lower() in names:
                    found.add(
                        CODES["RP305"],
                        f"rule {index} of {route.kind} `{route.name}` already matches header `{beta.name}`",
                        where,
                        "choose another header for the beta step",
                    )
                elif len(names) + 1 > HEADERS:
                    found.add(
                        CODES["RP306"],
                        f"the match would have {len(names) + 1} headers",
                        where,
                        _fewer(HEADERS),
                    )
        _require_size(route, shift, beta, found)


def require_mirror(mirror: Mirror | None, target: Target, found: Findings) -> None:
    """Ask that the gateway can copy requests to an InferencePool; where nobody knows, say so."""
    if mirror is None or target.gateway is None:
        return
    known = IMPLEMENTATIONS.get(target.gateway.provider)
    provider = target.gateway.provider or "the gateway, whose provider the plan does not name,"
    if known and known.mirror is Support.NO:
        message = f"{provider} cannot mirror requests to an InferencePool ({known.source})"
        found.add(
            CODES["RP317"], message, mirror.place, "leave the mirror step out; beta users try green too"
        )
    elif known is None or known.mirror is Support.UNKNOWN:
        message = f"whether {provider} mirrors requests to an InferencePool is not known"
        found.add(
            CODES["RP318"], message, mirror.place, "check green's own metrics in this stage for the copies"
        )


def _require_size(route: Manifest, shift: Shift, beta: Beta, found: Findings) -> None:
    rules = rules_of(shifted(route, shift, Decimal(0), beta, named=False))
    matches = sum(len(rule.get("matches") or ()) for rule in rules)
    for number, limit, what in ((len(rules), RULES, "rules"), (matches, MATCHES, "matches")):
        if number > limit:
            found.add(
                CODES["RP306"],
                f"{route.kind} `{route.name}` would have {number} {what} with the beta rules",
                route.origin.at("spec", "rules"),
                _fewer(limit),
            )


def require_exact(routes: Iterable[Manifest], shift: Shift, at: Ref, found: Findings) -> None:
    """Ask that every weight of every stage stays within what a backendRef can hold."""
    for route in routes:
        for index, rule in enumerate(rules_of(shifted(route, shift, Decimal(50), None, named=False))):
            largest = max((ref["weight"] for ref in rule.get("backendRefs") or ()), default=0)
            if largest > LARGEST:
                found.add(
                    CODES["RP304"],
                    f"rule {index} of {route.kind} `{route.name}` would need weight {largest} of {LARGEST}",
                    route.origin.at("spec", "rules", index, "backendRefs"),
                    "use coarser steps, or smaller weights in the rule",
                    Related(place=at.place, label="the pool whose traffic is split"),
                )


def require_named(
    manifests: Iterable[Manifest], name: Ref, code: str, what: str, found: Findings
) -> Manifest | None:
    """Find a manifest by name; a missing one is a finding with the nearest name as its hint."""
    named = {item.name: item for item in manifests}
    if name.value in named:
        return named[name.value]
    close = get_close_matches(name.value, named, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"there is {', '.join(sorted(named)) or 'none'}"
    found.add(CODES[code], f"no {what} is called `{name}`", name.place, hint)
    return None


def _fewer(limit: int) -> str:
    return f"the API allows {limit}; split the route in two, or leave out the beta step"
