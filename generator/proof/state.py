"""What a cluster holds at one moment of a rollout, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from generator.kubernetes.pods import WORKLOADS, pod_templates
from generator.kubernetes.workloads import replicas
from generator.model.gates import Fact
from generator.model.manifests import Identity, Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One object that is applied, or deleted where `after` is None."""

    identity: Identity
    after: Manifest | None

    def __str__(self) -> str:
        """Return ``Deployment `chat` applied``."""
        return f"{self.identity.kind} `{self.identity.name}` {'applied' if self.after else 'deleted'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterState:
    """The objects, and what the gates passed so far have shown.

    `settled` has the version of each workload that is known to run in full; `accepted` the pools that the
    Gateway is known to serve, `gone` the workloads whose last pod is known to have ended, `loaded` the models
    that every pod is known to have. `busy` has the pools and models that may still be answering requests.
    """

    objects: Mapping[Identity, Manifest]
    settled: Mapping[Identity, Manifest]
    accepted: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    loaded: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()

    def after(self, changes: Iterable[Change]) -> ClusterState:
        """Return the state with changes made, of which nothing is known yet."""
        objects = dict(self.objects)
        for change in changes:
            if change.after is None:
                objects.pop(change.identity, None)
            else:
                objects[change.identity] = change.after
        return replace(self, objects=objects)

    def only(self, view: frozenset[Identity]) -> ClusterState:
        """Return the state with these objects alone."""
        return replace(self, objects={key: item for key, item in self.objects.items() if key in view})

    def knowing(self, facts: Iterable[Fact]) -> ClusterState:
        """Return the state with what is known past a gate; a workload that shrank waits for none."""
        shown: dict[str, set[str]] = {}
        for fact in facts:
            shown.setdefault(fact.word, set()).add(fact.of)
        ready, unloaded = shown.get("ready", set()), shown.get("unloaded", set())
        settled = {
            identity: item
            for identity, item in self.objects.items()
            if item.kind in WORKLOADS
            and (_shrank(item, self.settled.get(identity)) or (ready and str(identity) in ready))
        }
        return replace(
            self,
            settled={key: item for key, item in self.settled.items() if key in self.objects} | settled,
            accepted=self.accepted | shown.get("accepted", set()),
            gone=self.gone | shown.get("gone", set()),
            loaded=(self.loaded | shown.get("loaded", set())) - unloaded,
            busy=self.busy - shown.get("drained", set()),
        )


def same_pods(one: Manifest, other: Manifest) -> bool:
    """Return whether two versions of a workload run the same pods, in whatever number."""
    if one.data is other.data:
        return True
    return all(one.get(*path) == other.get(*path) for path in pod_templates(one))


def _shrank(now: Manifest, before: Manifest | None) -> bool:
    if before is None or now.data is before.data:
        return before is not None
    return same_pods(now, before) and replicas(now) <= replicas(before)
