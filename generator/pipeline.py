"""Compile plans: load, validate, gather, plan stages, check, prove and render."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from generator.apiserver.definitions import schemas
from generator.apiserver.verdict import Verdict
from generator.disk.values import Planned
from generator.gather.bundles import gather
from generator.kubernetes.old_apis import as_written, lowered
from generator.load.paths import Read, documents
from generator.load.reader import load_plan, read_source
from generator.load.roots import roots_of
from generator.model.codes import CODES
from generator.model.findings import Diagnostic, Findings, Rejected, Related
from generator.model.plan import Plan
from generator.model.rollout import Rollout
from generator.model.source import Document, Place, Ref, Source
from generator.plan.accepted import require_used
from generator.plan.parse import parse
from generator.plan.validate import validate
from generator.proof.prove import proved
from generator.render.delivery import delivered
from generator.render.files import render
from generator.rules import check
from generator.rules.links import require_wiring
from generator.rules.several_plans import check_together
from generator.stages import STRATEGIES
from generator.stages.gates.promql import answered
from generator.stages.traffic.one_pool_a_rule import one_pool_a_rule


def planned(compiled: Compiled) -> Planned:
    """Return what the disk needs to know of a plan: its files, and what each of them holds."""
    rendered = render(compiled.rollout)
    return Planned(
        name=compiled.rollout.plan.name,
        tree=rendered.files,
        identities=rendered.identities,
        sources=compiled.sources,
    )


PLAN = "plan.yaml"
"""The file that is read if a plan is named by its folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """A compiled plan: its rollout, the files it was read from, and its warnings."""

    rollout: Rollout
    sources: tuple[Path, ...]
    warnings: tuple[Diagnostic, ...]


def compile_plan(path: Path, *definitions: Document) -> Compiled:
    """Compile one plan; `definitions` are CustomResourceDefinitions besides those that it names.

    Raises `Rejected` with every finding of the step that could not go on, and `Fault` for a file that
    cannot be read.
    """
    found = Findings()
    source = read_source(path, path.as_posix(), found)
    found.stop_if_errors()
    if source is None:
        raise Rejected(found.all)

    def reader(plan: Plan) -> Read:
        roots = roots_of(path.parent, plan.roots)
        return lambda ref: documents(ref, path.parent, roots, found)

    return compile_source(source, reader, found, definitions)


def compile_source(
    source: Source, reader: Callable[[Plan], Read], found: Findings, definitions: Sequence[Document] = ()
) -> Compiled:
    """Compile the text of a plan; `reader` reads the paths that the plan names.

    Raises as `compile_plan` does.
    """
    document = load_plan(source, found)
    found.stop_if_errors()
    if document is None:
        raise Rejected(found.all)
    validate(document, found)
    found.stop_if_errors()
    plan = parse(document, STRATEGIES, found)
    found.accept(plan.accept)
    read = reader(plan)
    bundles = gather(plan, read, found)
    given = [document for path in plan.target.crds for document in read(path)]
    found.stop_if_errors()
    known = schemas([*given, *definitions], plan.target.apis, found)
    verdict = Verdict(schemas=known, plan=plan.place, found=found)
    if not verdict.on_bundles(as_written(bundles, plan.target.apis.inference_extension)):
        found.stop_if_errors()
    planned = STRATEGIES[plan.type].plan(plan, bundles, found)
    rollout = one_pool_a_rule(answered(planned, found))
    check(rollout, found)
    rollout = delivered(rollout)
    verdict.on_rollout(lowered(rollout))
    require_wiring(rollout, found)
    found.stop_if_errors()
    written = lowered(proved(rollout, found))
    require_used(found, across=False)
    found.stop_if_errors()
    files = {item.origin.document.source.name for bundle in bundles.values() for item in bundle}
    files |= {document.source.name for document in given}
    sources = (Path(source.name), *map(Path, sorted(files)))
    return Compiled(rollout=written, sources=sources, warnings=found.all)


def compile_plans(paths: Iterable[str], crds: Iterable[str] = ()) -> tuple[Compiled, ...]:
    """Compile every plan, and raise the findings of all of them together.

    `crds` are files and folders with the cluster's CustomResourceDefinitions.
    """
    compiled, found = [], Findings()
    definitions = [document for path in crds for document in _definitions(Path(path), found)]
    found.stop_if_errors()
    names: dict[str, Place] = {}
    for path in map(Path, paths):
        try:
            result = compile_plan(_file(path), *definitions)
        except Rejected as rejected:
            found.extend(rejected.findings)
            continue
        compiled.append(result)
        name, place = result.rollout.plan.name, result.rollout.plan.place
        if name in names:
            found.add(
                CODES["RP109"],
                f"two plans are called `{name}`",
                place,
                "give each plan a name of its own: it names the directory that the plan is rendered into",
                Related(place=names[name], label="the first one"),
            )
        names.setdefault(name, place)
    together = _together(compiled)
    found.extend(warning for plan in together for warning in plan.warnings)
    found.stop_if_errors()
    return together


def _definitions(path: Path, found: Findings) -> Iterable[Document]:
    """Read the definitions that the command line names, from their own folder only."""
    folder, name = (path, ".") if path.is_dir() else (path.parent, path.name)
    place = Place(source=Source(name=path.as_posix(), text=""), line=1, column=1)
    return documents(Ref(value=name, place=place), folder, roots_of(folder), found)


def _file(path: Path) -> Path:
    try:
        return path / PLAN if path.is_dir() else path
    except OSError:  # a name that is too long: reading it reports that
        return path


def _together(compiled: list[Compiled]) -> tuple[Compiled, ...]:
    """Return the plans with the findings about several of them; any of them may accept those."""
    found, rollouts = Findings(), {one.rollout.plan.name: one.rollout for one in compiled}
    found.accept(item for rollout in rollouts.values() for item in rollout.plan.accept)
    found.extend(check_together(tuple(rollouts.values())))
    if len(rollouts) > 1:
        require_used(found, across=True)
    return tuple(
        replace(one, warnings=one.warnings + tuple(item for item in found.all if _is_in(one, item)))
        for one in compiled
    )


def _is_in(plan: Compiled, finding: Diagnostic) -> bool:
    return finding.place.source.name == plan.sources[0].as_posix()
