"""Requests that routes distinguish, and which rule of which route matches each of them (field/routes)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from generator.kubernetes.routes import portions
from generator.model.manifests import Identity, Manifest, dig
from generator.model.weights import NONE, WHOLE

ANY = "*"
"""A host name that no route names, and what a prefix leaves open of a path."""

_EXACT, _PREFIX = "Exact", "PathPrefix"

Condition = tuple[str, str, str]
"""A header or query parameter that a match demands: its name, the type of the comparison, the value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One kind of request; `pool` alone is said where requests reach a pool by no route that is known.

    `everyone` says that such requests come today; others appear with a rule of a later stage.
    """

    gateways: frozenset[str] = frozenset()
    host: str = ANY
    kind: str = _PREFIX
    path: str = "/"
    method: str = ""
    headers: frozenset[Condition] = frozenset()
    query: frozenset[Condition] = frozenset()
    pool: Identity | None = None
    everyone: bool = field(default=True, compare=False)

    def __str__(self) -> str:
        """Return ``requests for `/v1` with `x-rollout: green` ``."""
        if self.pool:
            return f"requests to InferencePool `{self.pool.name}`"
        pairs = [f"`{name}: {value}`" for name, _, value in sorted(self.headers)]
        pairs += [f"`?{name}={value}`" for name, _, value in sorted(self.query)]
        words = [f"{self.method} " if self.method else "", f"requests for `{self._url}`"]
        return "".join(words) + (f" with {' and '.join(pairs)}" if pairs else "")

    @property
    def _url(self) -> str:
        path = self.path.removesuffix(f"/{ANY}") or "/"
        return path if self.host == ANY else f"{self.host}{path}"


class Answer(NamedTuple):
    """What a rule does with its requests: the backends with a share, and whether all weights are 0.

    `named` are all backends that the rule names, those at weight 0 and of mirrors too.
    """

    legs: tuple[tuple[Identity, Fraction], ...]
    refuses: bool = False
    named: frozenset[Identity] = frozenset()


Rank = tuple[Any, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RouteTable:
    """Chooses rules as a Gateway does; of routes that are equally good, one of `oldest` wins."""

    oldest: frozenset[Identity]
    _winners: dict[tuple[str, Request], tuple[Rank, int] | None] = field(default_factory=dict)
    _skeletons: dict[int, str] = field(default_factory=dict)
    _answers: dict[int, tuple[Answer, ...]] = field(default_factory=dict)

    def answer(self, routes: Iterable[Manifest], request: Request) -> Answer | None:
        """Return what becomes of a request; None where no rule takes it."""
        if request.pool:
            return self.only(request.pool)
        found = []
        for route in routes:
            won = self.winner(route, request)
            if won:
                age = (route.identity not in self.oldest, route.identity.namespace, route.name)
                found.append((tuple(-number for number in won[0]), age, won[1], route))
        if not found:
            return None
        _, _, index, route = min(found, key=lambda entry: entry[:3])
        return self.answers(route)[index]

    @staticmethod
    def only(pool: Identity) -> Answer:
        """Return what becomes of requests that reach a pool by a way that nobody knows."""
        return Answer(legs=((pool, WHOLE),))

    def winner(self, route: Manifest, request: Request) -> tuple[Rank, int] | None:
        """Return the index of the route's best rule for a request, and how well it fits."""
        key = (self._skeleton(route), request)
        if key not in self._winners:
            ranked = [
                (rank, -index)
                for index, rule in enumerate(_rules(route))
                for match in _matches(rule)
                for rank in _ranks(route, match, request)
            ]
            best = max(ranked, default=None)
            self._winners[key] = (best[0], -best[1]) if best else None
        return self._winners[key]

    def answers(self, route: Manifest) -> tuple[Answer, ...]:
        """Return what each rule of a route does with its requests."""
        if id(route.data) not in self._answers:
            self._answers[id(route.data)] = tuple(_answer(route, rule) for rule in _rules(route))
        return self._answers[id(route.data)]

    def _skeleton(self, route: Manifest) -> str:
        """Return what decides between rules: a change of weights changes no decision."""
        if id(route.data) not in self._skeletons:
            matches = [rule.get("matches") for rule in _rules(route)]
            parts = (route.kind, route.get("spec", "hostnames"), sorted(_gateways(route)), matches)
            self._skeletons[id(route.data)] = json.dumps(parts, sort_keys=True, default=str)
        return self._skeletons[id(route.data)]


def requests_of(route: Manifest, *, everyone: bool) -> Iterator[Request]:
    """Return a request for every match of every rule and every host name of a route."""
    for rule in _rules(route):
        for match in _matches(rule):
            kind, path = _path(route.kind, match)
            for host in route.get("spec", "hostnames", default=()) or (ANY,):
                yield Request(
                    gateways=_gateways(route),
                    host=host,
                    kind=kind,
                    path=f"{path.rstrip('/')}/{ANY}" if kind == _PREFIX else path,
                    method=_method(match),
                    headers=_conditions(match, "headers"),
                    query=_conditions(match, "queryParams"),
                    everyone=everyone,
                )


def _rules(route: Manifest) -> Iterable[Mapping[str, Any]]:
    rules: Iterable[Mapping[str, Any]] = route.get("spec", "rules", default=())
    return rules


def _matches(rule: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Return the matches of a rule; without any it takes every request."""
    return rule.get("matches") or [{}]


def _gateways(route: Manifest) -> frozenset[str]:
    refs = route.get("spec", "parentRefs", default=())
    return frozenset(f"{ref.get('namespace') or route.identity.namespace}/{ref.get('name')}" for ref in refs)


def _path(kind: str, match: Mapping[str, Any]) -> tuple[str, str]:
    """Return how a match compares the path, and with what; gRPC's service and method are a path."""
    if kind == "GRPCRoute":
        words = match.get("method") or {}
        service, method = words.get("service", ""), words.get("method", "")
        if method or words.get("type", _EXACT) != _EXACT:
            return (_EXACT if service else "RegularExpression"), f"/{service}/{method}"
        return _PREFIX, f"/{service}"
    path = match.get("path") or {}
    return path.get("type") or _PREFIX, path.get("value") or "/"


def _method(match: Mapping[str, Any]) -> str:
    method = match.get("method")
    return method if isinstance(method, str) else ""


def _conditions(match: Mapping[str, Any], key: str) -> frozenset[Condition]:
    found = set()
    for item in match.get(key) or ():
        name = str(item.get("name"))
        kind, value = item.get("type") or _EXACT, str(item.get("value"))
        found.add((name.lower() if key == "headers" else name, kind, value))
    return frozenset(found)


def _ranks(route: Manifest, match: Mapping[str, Any], request: Request) -> Iterator[Rank]:
    """Return how well a match fits: the host, an exact path, the longest prefix, a method, the conditions."""
    kind, path = _path(route.kind, match)
    headers, query = _conditions(match, "headers"), _conditions(match, "queryParams")
    fits = (
        _gateways(route) & request.gateways
        and _fits(kind, path, request)
        and _method(match) in ("", request.method)
        and headers <= request.headers
        and query <= request.query
    )
    for host in route.get("spec", "hostnames", default=()) or (ANY,):
        if fits and _covers(host, request.host):
            exact = (host != ANY) + (not host.startswith(ANY))
            named = bool(_method(match))
            yield (exact, len(host), kind == _EXACT, len(path), named, len(headers), len(query))


def _fits(kind: str, path: str, request: Request) -> bool:
    if kind == _PREFIX:
        return path == "/" or f"{request.path.rstrip('/')}/".startswith(f"{path.rstrip('/')}/")
    return (kind, path) == (request.kind, request.path)


def _covers(host: str, required: str) -> bool:
    return host in (ANY, required) or (host.startswith(f"{ANY}.") and required.endswith(host[1:]))


def _answer(route: Manifest, rule: Mapping[str, Any]) -> Answer:
    parts = portions(route.kind, rule)
    shares: dict[Identity, Fraction] = {}
    for part in parts:
        if part.weight:
            backend = _backend(route, part.entry)
            shares[backend] = shares.get(backend, NONE) + part.share
    mirrors = (dig(part, "requestMirror", "backendRef") for part in rule.get("filters") or ())
    named = frozenset(_backend(route, ref) for ref in (*(part.entry for part in parts), *mirrors) if ref)
    return Answer(legs=tuple(sorted(shares.items())), refuses=bool(parts) and not shares, named=named)


def _backend(route: Manifest, ref: Mapping[str, Any]) -> Identity:
    return Identity(
        group=ref.get("group") or "",
        kind=ref.get("kind") or "Service",
        namespace=ref.get("namespace") or route.identity.namespace,
        name=str(ref.get("name")),
    )
