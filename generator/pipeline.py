"""The pipeline: a plan's file becomes a rollout, step by step.

A step yields its findings and returns its value. Only this module collects findings, marks those that the
plan accepts, and stops at errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.apiserver.definitions import schemas
from generator.apiserver.verdict import Verdict
from generator.disk.values import Planned
from generator.gather.bundles import gather
from generator.kubernetes.old_apis import as_served, as_written
from generator.load.paths import Read, documents
from generator.load.reader import load_plan, read_source
from generator.load.roots import roots_of
from generator.model.findings import Acceptance, Finding, Rejected, Reporting, T, each
from generator.model.plan import Bundles, Plan
from generator.model.rollout import Rollout
from generator.model.source import Document, Place, Ref, Source
from generator.plan.accepted import require_used
from generator.plan.parse import parse
from generator.plan.validate import validate
from generator.proof.prove import proved
from generator.render.delivery import delivered
from generator.render.files import render
from generator.rules import CODES, check
from generator.rules.links import require_wiring
from generator.rules.several_plans import check_together, require_names
from generator.stages import STRATEGIES
from generator.stages.gates.promql import with_queries
from generator.stages.traffic.one_pool_a_rule import one_pool_a_rule

PLAN = "plan.yaml"
"""The file that is read if a plan is named by its folder."""


class Collector:
    """Collects what steps find, marks what the plan accepts, and stops where it is told to."""

    def __init__(self) -> None:
        self._found: list[Finding] = []
        self._acceptances: tuple[Acceptance, ...] = ()
        self._used: set[Acceptance] = set()

    def accept(self, acceptances: Iterable[Acceptance]) -> None:
        """Mark the findings that the plan accepts, from now on and those that are here already."""
        self._acceptances = tuple(acceptances)
        self._found = [self._marked(finding) for finding in self._found]

    def collect(self, step: Reporting[T]) -> T:
        """Run a step: collect its findings and return its value."""
        while True:
            try:
                self._found.append(self._marked(next(step)))
            except StopIteration as end:
                value: T = end.value
                return value

    def require(self, step: Reporting[T | None]) -> T:
        """Run a step without whose value nothing can go on; raise `Rejected` where it has none."""
        value = self.collect(step)
        if value is None:
            raise Rejected(self._found)
        return value

    def checked(self, step: Reporting[T]) -> T:
        """Run a step and return its value; raise `Rejected` when anything found so far is an error."""
        value = self.collect(step)
        self.stop_if_errors()
        return value

    def extend(self, findings: Iterable[Finding]) -> None:
        """Collect findings that are there already."""
        self._found.extend(map(self._marked, findings))

    @property
    def all(self) -> tuple[Finding, ...]:
        """Return everything found so far, sorted by place, each once."""
        return tuple(sorted(set(self._found), key=lambda finding: finding.order))

    @property
    def unused(self) -> tuple[Acceptance, ...]:
        """Return what the plan accepts although nobody found it."""
        return tuple(item for item in self._acceptances if item not in self._used)

    def stop_if_errors(self) -> None:
        """Raise `Rejected` with everything found so far when any of it is an error."""
        if any(finding.is_error for finding in self._found):
            raise Rejected(self._found)

    def _marked(self, finding: Finding) -> Finding:
        covering = [item for item in self._acceptances if item.covers(finding)]
        self._used.update(covering)
        return replace(finding, accepted=covering[0].reason) if covering else finding


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """A compiled plan: its rollout, the files it was read from, and its warnings."""

    rollout: Rollout
    sources: tuple[Path, ...]
    warnings: tuple[Finding, ...]


def planned(compiled: Compiled) -> Planned:
    """Return what the disk needs to know of a plan: its files, and what each of them holds."""
    rendered = render(compiled.rollout)
    return Planned(
        name=compiled.rollout.plan.name,
        tree=rendered.files,
        identities=rendered.identities,
        sources=compiled.sources,
    )


def compile_plan(path: Path, *definitions: Document) -> Compiled:
    """Compile one plan; `definitions` are custom resources' own, beside those that it names.

    Raises `Rejected` with every finding of the step that could not go on, and `Fault` for a file that
    cannot be read.
    """
    found = Collector()
    source = found.require(read_source(path, path.as_posix()))
    found.stop_if_errors()

    def reader(plan: Plan) -> Read:
        roots = roots_of(path.parent, plan.roots)
        return lambda ref: documents(ref, path.parent, roots)

    return compile_source(source, reader, found, definitions)


def compile_source(
    source: Source, reader: Callable[[Plan], Read], found: Collector, definitions: Sequence[Document] = ()
) -> Compiled:
    """Compile the text of a plan; `reader` says how to read what the plan names.

    Raises as `compile_plan` does.
    """
    document = found.require(load_plan(source))
    found.checked(validate(document))
    plan = found.collect(parse(document, STRATEGIES, CODES))
    found.accept(plan.accept)
    read = reader(plan)
    bundles = found.collect(gather(plan, read))
    given = sum(found.checked(each(read, plan.target.crds)), ())
    known = found.collect(schemas([*given, *definitions], plan.target.apis))
    verdict = Verdict(schemas=known, plan=plan.place)
    if not found.collect(verdict.on_bundles(as_written(bundles, plan.target.apis))):
        found.stop_if_errors()
    strategy = STRATEGIES[plan.type]
    prepared = found.require(strategy.prepare(plan, bundles))
    found.stop_if_errors()
    staged = found.require(strategy.plan(prepared))
    split = one_pool_a_rule(found.collect(with_queries(staged)))
    found.extend(check(split))
    rollout = delivered(split)
    served = as_served(rollout)
    found.collect(verdict.on_rollout(served))
    found.checked(require_wiring(rollout))
    served = replace(served, proof=found.collect(proved(rollout)).proof)
    found.checked(require_used(found.unused, across=False))
    return Compiled(rollout=served, sources=_files(source, bundles, given), warnings=found.all)


def _files(source: Source, bundles: Bundles, given: Iterable[Document]) -> tuple[Path, ...]:
    """Return every file that a plan was read from, its own first."""
    names = {item.origin.document.source.name for bundle in bundles.values() for item in bundle}
    names |= {document.source.name for document in given}
    return (Path(source.name), *map(Path, sorted(names)))


def compile_plans(paths: Iterable[str], crds: Iterable[str] = ()) -> tuple[Compiled, ...]:
    """Compile every plan, and raise the findings of all of them together.

    `crds` are files and folders with the cluster's CustomResourceDefinitions.
    """
    found, compiled = Collector(), []
    definitions: tuple[Document, ...] = sum(found.checked(each(_definitions, map(Path, crds))), ())
    for path in map(Path, paths):
        try:
            compiled.append(compile_plan(_file(path), *definitions))
        except Rejected as rejected:
            found.extend(rejected.findings)
    together = _together(compiled)
    found.extend(require_names(one.rollout.plan for one in compiled))
    found.extend(warning for plan in together for warning in plan.warnings)
    found.stop_if_errors()
    return together


def _definitions(path: Path) -> Reporting[tuple[Document, ...]]:
    """Read the definitions that the command line names, from their own folder only."""
    folder, name = (path, ".") if path.is_dir() else (path.parent, path.name)
    place = Place(source=Source(name=path.as_posix(), text=""), line=1, column=1)
    return documents(Ref(value=name, place=place), folder, roots_of(folder))


def _file(path: Path) -> Path:
    try:
        return path / PLAN if path.is_dir() else path
    except OSError:  # a name that is too long: reading it reports that
        return path


def _together(compiled: list[Compiled]) -> tuple[Compiled, ...]:
    """Return the plans with the findings about several of them; any of them may accept those."""
    found, rollouts = Collector(), {one.rollout.plan.name: one.rollout for one in compiled}
    found.accept(item for rollout in rollouts.values() for item in rollout.plan.accept)
    found.extend(check_together(tuple(rollouts.values())))
    if len(rollouts) > 1:
        found.collect(require_used(found.unused, across=True))
    return tuple(
        replace(one, warnings=one.warnings + tuple(item for item in found.all if _is_in(one, item)))
        for one in compiled
    )


def _is_in(plan: Compiled, finding: Finding) -> bool:
    return finding.place.source.name == plan.sources[0].as_posix()
