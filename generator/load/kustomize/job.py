"""A kustomization that a plan names, and how each finding about it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.load.roots import Roots
from generator.model.codes import finding
from generator.model.findings import Reporting
from generator.model.source import Place, Ref

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""What a kustomization's file may be called."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """One kustomization to build: its folder, where the plan names it, and which folders it may read."""

    folder: Path
    ref: Ref
    roots: Roots

    def refuse(self, reason: str, place: Place | None = None) -> Reporting[None]:
        """Report why it does not build, in a kustomization or else where the plan names it."""
        hint = f"run `kubectl kustomize {self.folder.as_posix()}` and fix the error that it shows"
        message = f"`{self.ref}` does not build: {reason}"
        yield finding("RP212", message, place or self.ref.place, hint)


def file_in(folder: Path) -> Path | None:
    """Return the kustomization file of a folder, if it has one."""
    return next((folder / name for name in FILES if (folder / name).is_file()), None)
