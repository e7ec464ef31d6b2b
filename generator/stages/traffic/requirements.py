"""Check that routes, rules and gateway allow the steps of a plan, before stages are planned."""

from __future__ import annotations

from collections.abc import Iterable

from generator.kubernetes.backends import names_pools, references
from generator.kubernetes.gateways import IMPLEMENTATIONS, Support
from generator.kubernetes.routes import ROUTE_KINDS, rules_of, weight_of
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Manifest
from generator.model.source import Path, Ref
from generator.model.target import Target
from generator.model.weights import LARGEST
from generator.stages.traffic.routes import shifted
from generator.stages.traffic.shift import Beta, Mirror, Moment, Shift, contested, moving

RULES, MATCHES, HEADERS, BACKENDS = 16, 128, 16, 16
"""Limits of a route: its rules, all matches, the headers of a match, a rule's backends (field/routes)."""

_NO_BETA = "split the route in two, or leave out the beta step"


def require_routes(routes: tuple[Manifest, ...], shift: Shift, at: Ref) -> Reporting[None]:
    """Check that some rule sends to blue and may be shifted, and that none refers to a candidate yet."""
    for route in routes:
        if route.kind not in ROUTE_KINDS and not names_pools(route):
            yield finding(
                "RP208",
                f"`{route.identity}` is not a route",
                route.origin.at("kind"),
                "keep in `routes` only HTTPRoutes and GRPCRoutes; put other objects under `shared`",
            )
        for pool in shift.candidates:
            for path in references(route, pool):
                yield finding(
                    "RP303",
                    f"{_rule(route, path)} already sends to `{pool}`",
                    route.origin.at(*path, "name"),
                    "give the route as it was before this rollout",
                )
    if any(moving(route, shift) for route in routes):
        return
    pin = next((pin for (_, rule), pin in shift.pinned.items() if rule is not None), None)
    if pin:
        message = f"nothing is left to shift: every rule to `{shift.blue}` is pinned"
        yield finding("RP326", message, pin.place, "remove the pins of what should move")
        return
    named = ", ".join(f"`{route.name}`" for route in routes)
    yield finding(
        "RP302",
        f"no rule of {named or 'any HTTPRoute'} sends requests to `{shift.blue}`",
        at.place,
        f"add to `routes` the HTTPRoute whose backendRefs name InferencePool `{shift.blue}`",
    )


def _rule(route: Manifest, path: Path) -> str:
    """Return `rule 0 of HTTPRoute chat` of a place in a route."""
    rule = f"rule {path[2]} of " if path[:2] == ("spec", "rules") else ""
    return f"{rule}{route.kind} `{route.name}`"


def require_movable(routes: Iterable[Manifest], shift: Shift) -> Reporting[None]:
    """Check that what refers to blue can be shifted or is pinned: nothing else may outlive it (I7)."""
    for item in routes:
        pinned = item.kind in ROUTE_KINDS or shift.until(item, None)
        for path in () if pinned else references(item, shift.blue):
            yield finding(
                "RP324",
                f"{_rule(item, path)} refers to `{shift.blue}`, and no weight of this kind can be shifted",
                item.origin.at(*path, "name"),
                f"pin it in `strategy.pins` (`kind: {item.kind}`, `route: {item.name}`): then it moves "
                "at once, after the last weight",
            )


def require_betas(routes: Iterable[Manifest], shift: Shift, betas: tuple[Beta, ...]) -> Reporting[None]:
    """Check that the beta headers are free and that the rules fit the limits of a route."""
    for route in (route for route in routes if route.kind in ROUTE_KINDS):
        for index, matches in contested(route, shift) if betas else ():
            for match in matches:
                names = [header["name"].lower() for header in match.get("headers", ())]
                place = (rules_of(route)[index].get("matches") or [{}]).index(match)
                where = ("spec", "rules", index, "matches", place, "headers")
                rule = f"rule {index} of {route.kind} `{route.name}`"
                for name in {beta.name.lower(): beta.name for beta in betas}.values():
                    if name.lower() in names:
                        yield finding(
                            "RP305",
                            f"{rule} already matches header `{name}`",
                            route.origin.at(*where, names.index(name.lower()), "name"),
                            "choose another header for the beta step",
                        )
                if len(names) + 1 > HEADERS:
                    yield finding(
                        "RP306",
                        f"a match of {rule} would have {len(names) + 1} headers with the beta header",
                        route.origin.at(*where),
                        f"the API allows {HEADERS}; {_NO_BETA}",
                    )
        yield from _require_size(route, shift, betas)


def require_mirror(mirror: Mirror | None, target: Target) -> Reporting[None]:
    """Check that the gateway can mirror requests to an InferencePool; warn where it is not known."""
    if mirror is None or target.gateway is None:
        return
    known = IMPLEMENTATIONS.get(target.gateway.provider)
    provider = target.gateway.provider or "the gateway, whose provider the plan does not name,"
    if known and known.mirror is Support.NO:
        message = f"{provider} cannot mirror requests to an InferencePool ({known.source})"
        yield finding("RP317", message, mirror.place, "leave the mirror step out; beta users try green too")
    elif known is None or known.mirror is Support.UNKNOWN:
        message = f"whether {provider} mirrors requests to an InferencePool is not known"
        yield finding(
            "RP318",
            message,
            mirror.place,
            "check green's own metrics in this stage for the copies",
            about=target.gateway,
        )


def _require_size(route: Manifest, shift: Shift, betas: tuple[Beta, ...]) -> Reporting[None]:
    rules = rules_of(shifted(route, shift, Moment(betas=betas), named=False))
    matches = sum(len(rule.get("matches") or ()) for rule in rules)
    backends = max((len(rule.get("backendRefs") or ()) for rule in rules), default=0)
    for number, limit, what, fix in (
        (len(rules), RULES, "rules with the beta rules", _NO_BETA),
        (matches, MATCHES, "matches with the beta rules", _NO_BETA),
        (backends, BACKENDS, "backendRefs in a rule with the candidates", "leave out one of them"),
    ):
        if number > limit:
            yield finding(
                "RP306",
                f"{route.kind} `{route.name}` would have {number} {what}",
                route.origin.at("spec", "rules"),
                f"the API allows {limit}; {fix}",
            )


def require_exact(routes: Iterable[Manifest], shift: Shift, at: Ref) -> Reporting[None]:
    """Check that every weight of every stage stays within what a backendRef can hold."""
    free = Moment(released=shift.candidates[0].version)
    for route in (route for route in routes if route.kind in ROUTE_KINDS):
        for index, rule in enumerate(rules_of(shifted(route, shift, free, named=False))):
            largest = max(map(weight_of, rule.get("backendRefs") or ()), default=0)
            if largest > LARGEST:
                yield finding(
                    "RP304",
                    f"rule {index} of {route.kind} `{route.name}` needs weight {largest}, above {LARGEST}",
                    route.origin.at("spec", "rules", index, "backendRefs"),
                    "use coarser steps, or smaller weights in the rule",
                    Related(place=at.place, label="the pool whose traffic is split"),
                )
