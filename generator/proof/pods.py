"""Pods in a half-applied state: how many are certain to answer, and for which models."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from generator.kubernetes.pods import pod_labels, pod_templates
from generator.kubernetes.replicas import missing, replaced
from generator.kubernetes.workloads import container_paths, replicas
from generator.model.manifests import Manifest
from generator.proof.state import World, same_pods

ROLE = "llm-d.ai/role"


def ready(workload: Manifest, world: World) -> int:
    """Return how many replicas surely answer at this moment, whatever the controllers have done already."""
    settled = world.settled.get(workload.identity)
    if settled is None or settled.data is workload.data:
        return replicas(workload) if settled else 0
    kept = have(workload, world)
    if workload.get("spec", "replicas") is None:
        return kept
    return max(0, kept - missing(workload, replaced(workload, settled)))


def have(workload: Manifest, world: World) -> int:
    """Return how many replicas certainly exist, old or new, and not those that may not have started."""
    settled = world.settled.get(workload.identity)
    return min(replicas(settled), replicas(workload)) if settled else 0


def restarted(workload: Manifest, world: World) -> bool:
    """Return whether pods of a running workload are being replaced."""
    settled = world.settled.get(workload.identity)
    return settled is not None and not same_pods(settled, workload)


def role(workload: Manifest) -> str:
    """Return the role that the labels of a workload's pods name, if any."""
    labels: Mapping[str, str] = pod_labels(workload)
    return labels.get(ROLE, "")


def fingerprint(workload: Manifest) -> str:
    """Return a text that is the same for the same pods."""
    return json.dumps([workload.get(*path) for path in pod_templates(workload)], sort_keys=True, default=str)


def models(workload: Manifest) -> frozenset[str]:
    """Return the names that the arguments of a model server say it answers to.

    None where they say nothing.
    """
    return frozenset(name for words in _commands(workload) for name in _names(words))


def _commands(workload: Manifest) -> Iterator[list[str]]:
    for paths in container_paths(workload).values():
        for path in paths:
            said = [workload.get(*path, key, default=()) for key in ("command", "args")]
            yield [word for part in said for text in part for word in str(text).split()]


_SERVED, _ADAPTERS = "--served-model-name", "--lora-modules"


def _names(words: list[str]) -> Iterator[str]:
    """Read vLLM's arguments: names that a flag lists, and the model where no flag gives it another name."""
    served = list(_values(words, _SERVED))
    yield from served or [*_values(words, "--model"), *_values(words, "serve")][:1]
    if not served and words and "/" in words[0] and not words[0].startswith(("-", "/")):
        yield words[0]
    yield from (value.partition("=")[0] for value in _values(words, _ADAPTERS))


def _values(words: list[str], flag: str) -> Iterator[str]:
    """Return what follows a flag: the rest of its own word, or the words up to the next flag."""
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if name == flag and equals:
            yield value
        elif word == flag:
            for other in words[index + 1 :]:
                if other.startswith("-"):
                    break
                yield other
