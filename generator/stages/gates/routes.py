"""Gates of routes: status conditions, the smoke request of a beta rule, and the longest answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from generator.kubernetes.routes import IDLE_SECONDS, rules_of, rules_to
from generator.model.durations import seconds
from generator.model.gates import Instruction
from generator.model.manifests import GATEWAY_API, Manifest, dig
from generator.model.target import Gateway
from generator.stages.gates import kubectl
from generator.stages.traffic.shift import Beta, Shift, moving

_ALWAYS = ("Accepted", "ResolvedRefs")
_CONDITIONS = {"gke": ("Accepted", "Reconciled", "ResolvedRefs")}
"""Provider → conditions of a route that it serves; GKE also has to configure its load balancer."""


def settled(routes: Iterable[Manifest], gateway: Gateway) -> tuple[Instruction, ...]:
    """Wait until their Gateways serve all routes as they are now and know their backends."""
    return reported(routes, gateway, _CONDITIONS.get(gateway.provider, _ALWAYS))


def reported(
    routes: Iterable[Manifest], gateway: Gateway, conditions: tuple[str, ...]
) -> tuple[Instruction, ...]:
    """Wait until its Gateway reports the conditions of every route as it is now.

    Kinds of other groups than the Gateway API's report elsewhere, or not at all.
    """
    known = (route for route in routes if route.identity.group == GATEWAY_API)
    return tuple(kubectl.route_settled(route, _parent(route, gateway), *conditions) for route in known)


def _parent(route: Manifest, gateway: Gateway) -> str:
    """Return the Gateway that answers for a route: the plan's, or the first that the route attaches to."""
    names = [str(parent.get("name")) for parent in route.get("spec", "parentRefs", default=())]
    return gateway.name if gateway.name in names or not names else names[0]


def beta_requests(
    routes: Iterable[Manifest], shift: Shift, beta: Beta, gateway: Gateway
) -> Iterator[Instruction]:
    """Send one request with the header through each beta rule that a path prefix leads to."""
    for route in routes:
        for index in moving(route, shift) if route.kind == "HTTPRoute" else ():
            path = dig(rules_of(route)[index], "matches", 0, "path", default={})
            if path.get("type") == "PathPrefix":
                url = f"{path['value'].rstrip('/').removesuffix('/v1')}/v1/models"
                headers = {**_host(route), beta.name: beta.value}
                yield kubectl.smoke(gateway, url, headers, f"a request with {beta} is answered")


def idle_seconds(routes: Iterable[Manifest], shift: Shift) -> int:
    """Return how many seconds the slowest answer of blue may take, as the routes say."""
    limits = [
        seconds(str(dig(rules_of(route)[index], "timeouts", "request", default="")))
        for route in routes
        for index in rules_to(route, shift.blue)
    ]
    return max((limit for limit in limits if limit), default=IDLE_SECONDS)


def _host(route: Manifest) -> dict[str, str]:
    """Return the Host header that the route's first host name asks for."""
    hostnames: list[str] = route.get("spec", "hostnames", default=[])
    return {"Host": hostnames[0].replace("*", "beta")} if hostnames else {}
