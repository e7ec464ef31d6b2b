"""The road from a plan's file to the tree of its stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from generator.codes import CODES
from generator.crd_files import schemas
from generator.delivery import delivered
from generator.diagnostics import Diagnostic, Findings, Rejected, Related
from generator.gather import Read, gather
from generator.load import load_plan, read_source
from generator.model import Plan, Ref, Rollout
from generator.parse import parse
from generator.prove import proved
from generator.questions import answered
from generator.roots import roots_of
from generator.source import Document, Place, Source
from generator.sources import documents
from generator.strategies import STRATEGIES
from generator.validate import validate
from generator.verify import verify, verify_types
from generator.wiring import require_wiring


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """A plan that holds: its rollout, the files it was read from, and its warnings."""

    rollout: Rollout
    sources: tuple[Path, ...]
    warnings: tuple[Diagnostic, ...]


def compile_plan(path: Path, *definitions: Document) -> Compiled:
    """Take one plan down the road; `definitions` are custom resources' own, beside those that it names.

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
    """Take the text of a plan down the road; `reader` says how to read what the plan names.

    Raises as `compile_plan` does.
    """
    document = load_plan(source, found)
    found.stop_if_errors()
    if document is None:
        raise Rejected(found.all)
    validate(document, found)
    found.stop_if_errors()
    plan = parse(document, found)
    read = reader(plan)
    bundles = gather(plan, read, found)
    given = [document for path in plan.target.crds for document in read(path)]
    verify_types(bundles, found)
    found.stop_if_errors()
    planned = STRATEGIES[plan.type].plan(plan, bundles, found)
    rollout = delivered(answered(planned, found))
    verify(rollout, bundles, schemas([*given, *definitions], plan.target.apis, found), found)
    require_wiring(rollout, found)
    found.stop_if_errors()
    rollout = proved(rollout, found)
    found.stop_if_errors()
    files = {item.origin.document.source.name for bundle in bundles.values() for item in bundle}
    files |= {document.source.name for document in given}
    sources = (Path(source.name), *map(Path, sorted(files)))
    return Compiled(rollout=rollout, sources=sources, warnings=found.all)


def compile_plans(paths: Iterable[str], crds: Iterable[str] = ()) -> tuple[Compiled, ...]:
    """Take every plan down the road, and raise the findings of all of them together.

    `crds` are files and folders with the cluster's CustomResourceDefinitions.
    """
    compiled, found = [], Findings()
    definitions = [document for path in crds for document in _definitions(Path(path), found)]
    found.stop_if_errors()
    names: dict[str, Place] = {}
    for path in paths:
        try:
            result = compile_plan(Path(path), *definitions)
        except Rejected as rejected:
            found.extend(rejected.findings)
            continue
        compiled.append(result)
        found.extend(result.warnings)
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
    found.stop_if_errors()
    return tuple(compiled)


def _definitions(path: Path, found: Findings) -> Iterable[Document]:
    """Read what the command line names: the folder that holds it is all that may be read."""
    folder, name = (path, ".") if path.is_dir() else (path.parent, path.name)
    place = Place(source=Source(name=path.as_posix(), text=""), line=1, column=1)
    return documents(Ref(value=name, place=place), folder, roots_of(folder), found)
