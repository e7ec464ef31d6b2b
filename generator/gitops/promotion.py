"""Promotion: which stage may become live after the one that is, and what `live/` then holds.

`live/` is what a GitOps engine follows: a flat copy of one stage, and a marker that names it. Only a
promotion changes it, so an edited plan never reaches the cluster by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from generator.model.findings import Fault
from generator.templating import render_yaml

MARKER = ".stage"
_ROLLED_BACK = "rollback from "


@dataclass(frozen=True, kw_only=True, slots=True)
class StageEntry:
    """One stage of `rollout.json`; with `moves` it sends requests to a new version."""

    name: str
    files: tuple[str, ...]
    moves: bool
    final: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """What promotion needs of a rendered tree: its stages in order, and the files of the rollback."""

    stages: tuple[StageEntry, ...]
    rollback: tuple[str, ...]

    def find(self, name: str) -> int:
        """Return the number of a stage that is called by its name, its number, or the name without it.

        Raises `Refused` for any other name.
        """
        for number, stage in enumerate(self.stages):
            digits, _, slug = stage.name.partition("-")
            if name in {stage.name, digits, slug}:
                return number
        names = [stage.name for stage in self.stages]
        close = get_close_matches(name, names, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(names)}"
        raise Refused(f"no stage is called {name}: {hint}")


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveStage:
    """The stage that `live/` holds, by number, or None; after a rollback, the stage it came from."""

    number: int | None
    rolled_back: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Promotion:
    """What `live/` is to hold, by file name, and what its author must know."""

    stage: str
    files: Mapping[str, str]
    risks: tuple[str, ...] = ()


class Refused(Exception):
    """A promotion that is not safe, or not clearly specified; nothing is written."""


def read_index(text: str, place: str) -> Index:
    """Read `rollout.json`, which stands at `place`; raises `Fault` when it is another format."""
    try:
        data = json.loads(text)
        before = {
            backend["version"] for split in data["stages"][0]["splits"] for backend in split["backends"]
        }
        return Index(
            stages=tuple(
                StageEntry(
                    name=stage["name"],
                    files=tuple(stage["files"]),
                    moves=_moves(stage["splits"], before),
                    final=stage["final"],
                )
                for stage in data["stages"]
            ),
            rollback=tuple(data["rollback"]["files"]),
        )
    except (ValueError, KeyError, TypeError, IndexError):
        raise Fault(f"{place} is not in the format of this rollplan; render the plan again") from None


def live_stage(index: Index, live: Mapping[str, str]) -> LiveStage:
    """Return the stage that `live/` holds, by its marker; a stage that is no more counts as none."""
    text = live.get(MARKER, "").strip()
    name = text.removeprefix(_ROLLED_BACK)
    names = [stage.name for stage in index.stages]
    number = names.index(name) if name in names else None
    return LiveStage(number=number, rolled_back=number is not None and text != name)


def promote(
    index: Index,
    tree: Mapping[str, str],
    live: Mapping[str, str],
    name: str,
    *,
    skip: bool,
    confirmed: bool,
) -> Promotion:
    """Return `live/` for a stage: the next one, the one that is live, or an earlier one.

    `skip` allows stages to be skipped, and the risks are returned; `confirmed` allows a stage after which
    what served before is gone. Raises `Refused`.
    """
    target, current = index.find(name), live_stage(index, live)
    risk = _risk(index, current, target)
    if risk and not skip:
        raise Refused(f"{risk}; --skip-to promotes it all the same")
    stage = index.stages[target]
    arrives = current.number is None or current.rolled_back or target > current.number
    if stage.final and arrives and not confirmed:
        raise Refused(
            f"{stage.name} takes away what served before, and the rendered rollback ends there; "
            "use --confirm-cleanup to confirm it"
        )
    files = _flat(tree, stage.files, f"{stage.name}\n")
    return Promotion(stage=stage.name, files=files, risks=(risk,) if risk else ())


def roll_back(index: Index, tree: Mapping[str, str], live: Mapping[str, str]) -> Promotion:
    """Return `live/` for the rollback: the stage that is live, with the traffic where it was at first.

    Raises `Refused` when nothing is live, or when what served before is gone.
    """
    current = live_stage(index, live)
    if current.number is None:
        raise Refused("no stage of this rollout is live: there is nothing to roll back")
    reached = index.stages[: current.number + 1]
    gone = next((stage.name for stage in reached if stage.final), None)
    if gone:
        raise Refused(
            f"{gone} took away what served before: make a plan with the roles swapped, or promote the "
            "stage before it and wait for its gate"
        )
    stage = reached[-1]
    back = {_base(path): path for path in index.rollback}
    names = [back.pop(_base(path), path) for path in stage.files]
    files = _flat(tree, (*names, *back.values()), f"{_ROLLED_BACK}{stage.name}\n")
    return Promotion(stage=f"{_ROLLED_BACK}{stage.name}", files=files)


def _risk(index: Index, current: LiveStage, target: int) -> str:
    """Return what is wrong with going from the live stage to another; empty for one step, or back."""
    stages = index.stages
    here = _position(index, current)
    skipped = [stage.name for stage in stages[here + 1 : target]]
    if skipped:
        missed = "what they prepare and what they watch is missed"
        return f"{stages[target].name} skips {', '.join(skipped)}: {missed}"
    lost = next((stage.name for stage in stages[target + 1 : here + 1] if stage.final), "")
    if lost and target < here - 1:
        return (
            f"what served before is gone since {lost}, and {stages[target].name} could send requests to it "
            f"before it is ready: promote {stages[here - 1].name} first and wait for its gate"
        )
    return ""


def _position(index: Index, current: LiveStage) -> int:
    """Return the stage that the next one follows: after a rollback, the last one before traffic moved."""
    if current.number is None:
        return -1
    if not current.rolled_back:
        return current.number
    moving = next((number for number, stage in enumerate(index.stages) if stage.moves), 1)
    return min(current.number, moving - 1)


def _flat(tree: Mapping[str, str], paths: Sequence[str], marker: str) -> dict[str, str]:
    files = {_base(path): tree[path] for path in paths}
    kustomization = render_yaml("render/kustomization.yaml.j2", resources=list(files), ordered=True)
    return files | {"kustomization.yaml": kustomization, MARKER: marker}


def _moves(splits: Sequence[Mapping[str, object]], before: set[str]) -> bool:
    """Return whether requests without a condition reach a version that the baseline does not know."""
    return any(
        backend["version"] not in before and backend["weight"]
        for split in splits
        if not split["condition"]
        for backend in split["backends"]  # type: ignore[attr-defined]
    )


def _base(path: str) -> str:
    return path.rpartition("/")[2]
