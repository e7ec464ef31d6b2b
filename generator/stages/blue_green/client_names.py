"""Check that green serves what clients request: names, rewrites, priorities (field/blue-green, I21)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from generator.kubernetes.model_servers import Server, servers_in
from generator.kubernetes.rewrites import ANY, OBJECTIVE, REWRITE, is_for_pool, models_of
from generator.kubernetes.router import servers_of
from generator.model.codes import finding
from generator.model.findings import Related, Reporting
from generator.model.manifests import Manifest
from generator.model.source import Path, Place


@dataclass(frozen=True, kw_only=True, slots=True)
class PoolView:
    """One version as clients see it: its pool, and the objects among which its servers and rewrites are.

    `place` is where a finding in it points when its objects come from the other side's manifests.
    """

    pool: Manifest
    objects: tuple[Manifest, ...]
    place: Place | None = None

    def at(self, item: Manifest, *path: str | int) -> Place:
        """Return the place of a finding: in the manifest, or in the plan that made the object."""
        return self.place or item.origin.at(*path)

    def of_pool(self, kind: str) -> Iterator[Manifest]:
        """Return the rewrites or objectives that are for this side's pool."""
        return (item for item in self.objects if item.kind == kind and is_for_pool(item, self.pool.identity))

    def servers(self) -> Iterator[tuple[Manifest, Server]]:
        """Return each serving container whose engine is known, with its workload."""
        for workload in servers_of(self.objects, self.pool):
            for server in servers_in(workload):
                yield workload, server

    def aliases(self) -> dict[str, tuple[Manifest, int]]:
        """Return the names that rewrites answer to, with the rewrite and the index of its rule."""
        found: dict[str, tuple[Manifest, int]] = {}
        for rewrite in self.of_pool(REWRITE):
            for index, rule in enumerate(rewrite.get("spec", "rules", default=())):
                for name in models_of(rule):
                    found.setdefault(name, (rewrite, index))
        return found


def require_names(blue: PoolView, green: PoolView) -> Reporting[None]:
    """Check that green answers to every name that blue's model servers answer to.

    Clients go on sending the old name: without it each request that reaches green is a 404.
    """
    requested = {name: (item, server) for item, server in blue.servers() for name in server.names}
    rewritten = green.aliases()
    required = [name for name in requested if name not in rewritten and ANY not in rewritten]
    for item, server in green.servers():
        missing = [name for name in required if name not in server.names]
        if not missing or not server.names:
            continue
        old, first = requested[missing[0]]
        yield finding(
            "RP330",
            f"clients request {_quoted(missing)}, and {item.kind} `{item.name}` answers to "
            f"{_quoted(server.names)} alone",
            green.at(item, *_word(item, server, server.names[0])),
            f"give green `{server.engine.serving_as(required)}`, or its pool a rewrite from "
            f"`{missing[0]}` to `{server.names[0]}`",
            Related(
                place=old.origin.at(*_word(old, first, missing[0])), label=f"blue answers to `{missing[0]}`"
            ),
        )


def _word(item: Manifest, server: Server, name: str) -> Path:
    """Return where a server's arguments say a name; a script says it somewhere in its one argument."""
    arguments: list[Any] = item.get(*server.path, "args", default=[])
    index = next((index for index, word in enumerate(arguments) if name in str(word)), None)
    return (*server.path, "args") if index is None else (*server.path, "args", index)


def require_copies(blue: PoolView, green: PoolView) -> Reporting[None]:
    """Check that green's pool has rewrites and objectives of its own, before any weight (I21)."""
    served = {name for _, server in green.servers() for name in server.names}
    answered = green.aliases()
    for alias, (rewrite, index) in blue.aliases().items():
        if alias not in answered and alias not in served and ANY not in answered:
            yield finding(
                "RP331",
                f"blue rewrites {f'model `{alias}`' if alias else 'every model'}, and green has no rewrite "
                "for it",
                rewrite.origin.at("spec", "rules", index),
                f"copy {rewrite.kind} `{rewrite.name}` under another name, with `{green.pool.name}` as its "
                "poolRef",
                Related(place=green.at(green.pool, "metadata", "name"), label="green's pool"),
            )
    priorities = {item.get("spec", "priority", default=0) for item in green.of_pool(OBJECTIVE)}
    for item in blue.of_pool(OBJECTIVE):
        priority = item.get("spec", "priority", default=0)
        if priority and priority not in priorities:
            yield finding(
                "RP331",
                f"blue's {OBJECTIVE} `{item.name}` sets priority {priority}, and green has none that sets it",
                item.origin.at("spec", "priority"),
                f"copy it under another name, with `{green.pool.name}` as its poolRef",
                Related(place=green.at(green.pool, "metadata", "name"), label="green's pool"),
            )


def warn_of_adapters(blue: PoolView, green: PoolView) -> Reporting[None]:
    """Warn where green's rewrites lead to adapters that were made for blue's model (I23)."""
    old = {server.model for _, server in blue.servers() if server.model}
    new = {server.model for _, server in green.servers() if server.model}
    names = {name for _, server in green.servers() for name in server.names}
    if not old or not new or new <= old:
        return
    known = {target for rewrite in blue.of_pool(REWRITE) for _, target in _targets(rewrite)}
    for rewrite in green.of_pool(REWRITE):
        for path, target in _targets(rewrite):
            if target in known and target not in names:
                yield finding(
                    "RP339",
                    f"`{target}` is an adapter for {_quoted(old)}, and green runs {_quoted(new)}",
                    green.at(rewrite, *path),
                    "build the adapter for green's model under another name, and let its rewrite lead there",
                    about=rewrite,
                )


def _targets(rewrite: Manifest) -> Iterator[tuple[Path, str]]:
    rules: list[Mapping[str, Any]] = rewrite.get("spec", "rules", default=[])
    for index, rule in enumerate(rules):
        for number, target in enumerate(rule.get("targets") or ()):
            path = ("spec", "rules", index, "targets", number, "modelRewrite")
            yield path, str(target.get("modelRewrite"))


def _quoted(names: Iterable[str]) -> str:
    return " and ".join(f"`{name}`" for name in sorted(names))
