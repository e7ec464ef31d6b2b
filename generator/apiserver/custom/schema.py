"""Parse the schema of a CustomResourceDefinition into nodes, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generator.apiserver.custom.formats import FORMATS

MISSING: Any = object()
"""No default: a default may be any value, null excepted."""

_NUMBERS = {"integer": frozenset({"int32", "int64"}), "number": frozenset({"float", "double"})}
"""The formats of numbers that the server knows; it ignores any other."""

_BOUNDS = (
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleText:
    """One row of `x-kubernetes-validations`."""

    rule: str
    message: str = ""
    message_expression: str = ""
    reason: str = ""
    field_path: str = ""
    optional_old: bool = False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SchemaNode:
    """One schema; `additional` is the schema of other keys, None where they are unknown fields.

    `open` marks a mapping whose other keys may hold anything; `absent` says why a field that exists elsewhere
    does not exist here; `deep`, `keyed`, `embeds` and `converts` say
    whether a rule, a list type, an inner object or a value with a type of CEL's own stands here or below.
    """

    types: frozenset[str]
    type_name: str
    format: str
    nullable: bool
    default: Any
    required: tuple[str, ...]
    enum: tuple[Any, ...]
    bounds: Mapping[str, Any]
    exclusive: frozenset[str]
    unique: bool
    properties: Mapping[str, SchemaNode]
    additional: SchemaNode | None
    open: bool
    items: SchemaNode | None
    any_of: tuple[SchemaNode, ...]
    one_of: tuple[SchemaNode, ...]
    all_of: tuple[SchemaNode, ...]
    negated: SchemaNode | None
    preserve: bool
    embedded: bool
    list_type: str
    map_keys: tuple[str, ...]
    correlates: bool
    rules: tuple[RuleText, ...]
    absent: Mapping[str, str]
    defaulted: Mapping[str, SchemaNode]
    deep: bool
    keyed: bool
    embeds: bool
    converts: bool


def node(schema: Mapping[str, Any], *, root: bool = False) -> SchemaNode:
    """Read a schema; one that is not well formed raises TypeError, ValueError, KeyError or AttributeError."""
    int_or_string = bool(schema.get("x-kubernetes-int-or-string"))
    types = ("integer", "string") if int_or_string else tuple(filter(None, [schema.get("type")]))
    parts = _parts(schema)
    return SchemaNode(
        types=frozenset(types),
        type_name=",".join(types),
        format=_format(schema, types),
        nullable=bool(schema.get("nullable")),
        default=MISSING if schema.get("default") is None else schema["default"],
        required=tuple(schema.get("required") or ()),
        enum=tuple(schema.get("enum") or ()),
        bounds={name: schema[name] for name in _BOUNDS if schema.get(name) is not None},
        exclusive=frozenset(name for name in ("Minimum", "Maximum") if schema.get(f"exclusive{name}")),
        unique=bool(schema.get("uniqueItems")),
        open=schema.get("additionalProperties") is True,
        preserve=bool(schema.get("x-kubernetes-preserve-unknown-fields")),
        embedded=root or bool(schema.get("x-kubernetes-embedded-resource")),
        list_type=str(schema.get("x-kubernetes-list-type") or ""),
        map_keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
        correlates=schema.get("x-kubernetes-map-type") in (None, "granular", "atomic"),
        rules=tuple(map(_rule, schema.get("x-kubernetes-validations") or ())),
        absent=schema.get("x-rollplan-absent") or {},
        **parts,
        **_summary(schema, types, **parts),
    )


def _parts(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Read the schemas inside a schema."""
    single = {"additional": "additionalProperties", "items": "items", "negated": "not"}
    lists = {"any_of": "anyOf", "one_of": "oneOf", "all_of": "allOf"}
    return {
        "properties": {name: node(inner) for name, inner in (schema.get("properties") or {}).items()},
        **{
            name: node(schema[keyword]) if isinstance(schema.get(keyword), Mapping) else None
            for name, keyword in single.items()
        },
        **{name: tuple(map(node, schema.get(keyword) or ())) for name, keyword in lists.items()},
    }


def _summary(
    schema: Mapping[str, Any],
    types: tuple[str, ...],
    *,
    properties: Mapping[str, SchemaNode],
    additional: SchemaNode | None,
    items: SchemaNode | None,
    all_of: tuple[SchemaNode, ...],
    **_: Any,
) -> dict[str, Any]:
    """Return what lets validation skip a schema."""
    below = [part for part in (*properties.values(), additional, items) if part]
    return {
        "defaulted": {name: part for name, part in properties.items() if part.default is not MISSING},
        "deep": bool(schema.get("x-kubernetes-validations")) or any(part.deep for part in (*below, *all_of)),
        "keyed": schema.get("x-kubernetes-list-type") in ("set", "map") or any(part.keyed for part in below),
        "embeds": any(part.embedded or part.embeds for part in below),
        "converts": types == ("number",)
        or schema.get("format") in ("duration", "date-time")
        or any(part.converts for part in below),
    }


def _format(schema: Mapping[str, Any], types: tuple[str, ...]) -> str:
    format_ = str(schema.get("format") or "")
    if types in ((), ("string",)):
        return format_ if format_.replace("-", "") in FORMATS else ""
    return format_ if format_ in _NUMBERS.get(types[0], ()) else ""


def _rule(row: Mapping[str, Any]) -> RuleText:
    return RuleText(
        rule=str(row["rule"]),
        message=str(row.get("message") or "").strip(),
        message_expression=str(row.get("messageExpression") or ""),
        reason=str(row.get("reason") or ""),
        field_path=str(row.get("fieldPath") or ""),
        optional_old=bool(row.get("optionalOldSelf")),
    )
