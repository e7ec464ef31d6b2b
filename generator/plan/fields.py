"""Typed getters over a validated plan document, each value with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from generator.model.source import Document, Path, Place, Ref


@dataclass(frozen=True, kw_only=True, slots=True)
class Fields:
    """A mapping or list inside a document."""

    document: Document
    path: Path
    data: Any

    @property
    def place(self) -> Place:
        """Return the place of this value."""
        return self.document.at(self.path)

    def has(self, name: str) -> bool:
        """Return whether the field is there."""
        return name in self.data

    def child(self, name: str) -> Fields:
        """Return a field that is a mapping; an absent one reads as empty."""
        return Fields(document=self.document, path=(*self.path, name), data=self.data.get(name) or {})

    def items(self, name: str) -> Iterator[Fields]:
        """Return the items of a field that is a list; an absent one has none."""
        for index, value in enumerate(self.data.get(name) or ()):
            yield Fields(document=self.document, path=(*self.path, name, index), data=value)

    def text(self, name: str, default: str = "") -> str:
        """Return a field that is text."""
        return str(self.data.get(name, default))

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field as it is."""
        return self.data.get(name, default)

    def ref(self, name: str) -> Ref:
        """Return a name or path with its place."""
        return Ref(value=str(self.data[name]), place=self.document.at((*self.path, name)))

    def refs(self, name: str) -> tuple[Ref, ...]:
        """Return a list of names or paths with their places."""
        return tuple(Ref(value=str(item.data), place=item.place) for item in self.items(name))
