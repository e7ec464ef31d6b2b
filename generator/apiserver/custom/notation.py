"""Convert our own schemas to the form of CustomResourceDefinitions, for one target.

It is the dialect, and beside it: a text stands for the definition of that name, `is` starts from one;
`fields` are properties, `name!` a required one; `rules` are pairs of a CEL condition and its message;
`{word}` in a pattern or rule stands for a fragment; `since` and `channel` say where a field exists, and
`when` changes a schema for some targets.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CrdVersion = tuple[int, int]
Schema = dict[str, Any]

_FRAGMENT = re.compile(r"\{([a-zA-Z]+)\}")
_COMPARE = {"<": operator.lt, ">=": operator.ge}
_OWN = frozenset({"is", "fields", "rules", "since", "channel", "when"})


@dataclass(frozen=True, kw_only=True, slots=True)
class CrdTarget:
    """What a cluster serves: the version of each API, and the channel of the Gateway API."""

    gateway_api: CrdVersion
    inference_extension: CrdVersion
    router: CrdVersion
    channel: str = "standard"

    def meets(self, condition: str) -> bool:
        """Return whether `gatewayAPI >= 1.5`, `inferenceExtension < 1.1` or `channel standard` holds."""
        name, *words = condition.split()
        if name == "channel":
            return self.channel == words[0]
        return bool(_COMPARE[words[0]](self._version(name), version_of(words[1])))

    def lacks(self, schema: Mapping[str, Any]) -> str:
        """Return why a field does not exist here; empty where it does."""
        if "channel" in schema and schema["channel"] != self.channel:
            return f"only the {schema['channel']} channel of the Gateway API has it"
        name, _, since = str(schema.get("since", "")).partition(" ")
        if since and self._version(name) < version_of(since):
            return f"{name} has it from v{since} on"
        return ""

    def _version(self, name: str) -> CrdVersion:
        return {
            "gatewayAPI": self.gateway_api,
            "inferenceExtension": self.inference_extension,
            "router": self.router,
        }[name]


def version_of(text: str) -> CrdVersion:
    """Read `1.5`."""
    major, minor = text.split(".")
    return int(major), int(minor)


@dataclass(frozen=True, kw_only=True, slots=True)
class Notation:
    """Definitions and fragments by name, and the target that schemas are written out for."""

    defs: Mapping[str, Any]
    fragments: Mapping[str, str]
    target: CrdTarget

    def expand(self, source: Any) -> Schema:
        """Return a schema in the dialect; a field that the target lacks goes to `x-rollplan-absent`."""
        source = self._whole(source)
        schema = {key: value for key, value in source.items() if key not in _OWN}
        if "pattern" in schema:
            schema["pattern"] = self._filled(schema["pattern"])
        for key in ("items", "additionalProperties"):
            if key in schema:
                schema[key] = self.expand(schema[key])
        if "rules" in source:
            schema["x-kubernetes-validations"] = [
                {"rule": self._filled(rule), "message": message} for rule, message in source["rules"]
            ]
        for branch in ("oneOf", "anyOf"):
            if branch in schema:
                schema[branch] = [dict(item) for item in schema[branch]]
        return self._object(source["fields"]) | schema if "fields" in source else schema

    def _whole(self, source: Any) -> Mapping[str, Any]:
        """Return the source with what it starts from, and what changes for this target, put together."""
        if isinstance(source, str):
            return self._whole(self.defs[source])
        whole = dict(source)
        if "is" in source:
            base = self._whole(self.defs[source["is"]])
            whole = {**base, **source}
            if "fields" in base and "fields" in source:
                whole["fields"] = base["fields"] | source["fields"]
        for condition, change in whole.pop("when", ()):
            if self.target.meets(condition):
                whole |= change
        return whole

    def _object(self, fields: Mapping[str, Any]) -> Schema:
        whole = {name: self._whole(field) for name, field in fields.items()}
        absent = {name: self.target.lacks(field) for name, field in whole.items()}
        served = {name: field for name, field in whole.items() if not absent[name]}
        return {
            "type": "object",
            "properties": {name.removesuffix("!"): self.expand(field) for name, field in served.items()},
            "x-rollplan-absent": {name: why for name, why in absent.items() if why},
            "required": [name.removesuffix("!") for name in served if name.endswith("!")],
        }

    def _filled(self, text: str) -> str:
        """Put the fragments in their places, and those inside them."""
        return _FRAGMENT.sub(
            lambda match: self._filled(self.fragments[match[1]]) if match[1] in self.fragments else match[0],
            text,
        )
