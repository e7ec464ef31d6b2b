"""A kind with every keyword of the dialect, and objects of it that a server takes or refuses."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

FORMATS: dict[str, tuple[list[str], list[str]]] = {
    "date-time": (
        ["2024-02-29T10:00:00Z", "2024-02-29t10:00:00.5+01:00"],
        ["2023-02-29T10:00:00Z", "2024-01-01", "x", "2024-01-01T24:00:00Z", "2024-01-01T10:00:00"],
    ),
    "date": (["2024-02-29"], ["2023-02-29", "2024-2-1", "20240229"]),
    "duration": (["1h", "22 ns", "1.5s", "3 days"], ["x", "1 fortnight", ""]),
    "ipv4": (["1.2.3.4", "01.2.3.4", "::ffff:1.2.3.4"], ["1.2.3", "1.2.3.256", "::1", ""]),
    "ipv6": (["::1", "fe80::1", "::ffff:1.2.3.4"], ["1.2.3.4", ":::", "1:2:3:4:5:6:7", "fe80::1%eth0"]),
    "cidr": (["10.0.0.0/8", "::/0"], ["10.0.0.0", "10.0.0.0/33", "x/8"]),
    "uuid": (["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000"], ["x", "123e4567"]),
    "byte": (["YWJj", "YWI="], ["YWI", "a", "*"]),
    "hostname": (["example.com", "a"], ["-a", "a_b.com", "a..b", ""]),
    "uri": (["https://example.com/a", "/path", "mailto:a@b.c"], ["example", "", "http://a b"]),
    "email": (["a@b.c", "A <a@b.c>"], ["a", "@b.c"]),
    "mac": (["01:23:45:67:89:ab", "0123.4567.89ab"], ["01:23", "x"]),
    "hexcolor": (["#fff", "AABBCC"], ["#ff", "x"]),
    "isbn": (["0321751043", "978-0321751041"], ["0321751044", "x"]),
    "nonsense": (["anything"], []),
}
"""Format → texts that have it, and texts that do not."""

_RULE = {"rule": "!has(self.low) || !has(self.high) || self.low <= self.high", "message": "low is above high"}

THING: Object = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "text": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^[a-zß]+$"},
                "loose": {"type": "string", "pattern": "b"},
                "whole": {"type": "integer", "minimum": 1, "maximum": 10, "multipleOf": 2},
                "open": {
                    "type": "number",
                    "minimum": 0,
                    "exclusiveMinimum": True,
                    "maximum": 5,
                    "exclusiveMaximum": True,
                },
                "flag": {"type": "boolean"},
                "choice": {"type": "string", "enum": ["a", "b"]},
                "maybe": {"type": "string", "nullable": True, "default": "x"},
                "given": {
                    "type": "object",
                    "default": {},
                    "properties": {"inner": {"type": "string", "default": "deep", "minLength": 1}},
                },
                "port": {"x-kubernetes-int-or-string": True},
                "list": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": 3,
                    "items": {"type": "object", "required": ["k"], "properties": {"k": {"type": "integer"}}},
                },
                "set": {
                    "type": "array",
                    "maxItems": 9,
                    "x-kubernetes-list-type": "set",
                    "items": {"type": "string"},
                },
                "map": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["k", "p"],
                    "items": {
                        "type": "object",
                        "required": ["k"],
                        "properties": {
                            "k": {"type": "string"},
                            "p": {"type": "string", "default": "TCP"},
                            "v": {"type": "integer"},
                        },
                    },
                },
                "labels": {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 2,
                    "additionalProperties": {"type": "string", "maxLength": 3},
                },
                "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "some": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": True,
                    "properties": {"known": {"type": "object", "properties": {"a": {"type": "string"}}}},
                },
                "inside": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "x-kubernetes-preserve-unknown-fields": True,
                },
                "either": {
                    "type": "object",
                    "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
                    "oneOf": [{"required": ["x"]}, {"required": ["y"]}],
                },
                "both": {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "z$"}]},
                "never": {"type": "string", "not": {"pattern": "x"}},
                "several": {"type": "string", "anyOf": [{"format": "ipv4"}, {"pattern": "^host"}]},
                "span": {
                    "type": "object",
                    "properties": {"low": {"type": "integer"}, "high": {"type": "integer"}},
                    "x-kubernetes-validations": [_RULE],
                },
                "ratio": {
                    "type": "number",
                    "x-kubernetes-validations": [{"rule": "self * 2.0 <= 3.0", "message": "too large"}],
                },
                "wait": {
                    "type": "string",
                    "format": "duration",
                    "x-kubernetes-validations": [{"rule": "self < duration('1h')", "message": "too long"}],
                },
                "fixed": {
                    "type": "string",
                    "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "cannot change"}],
                },
                "forms": {
                    "type": "object",
                    "properties": {
                        name.replace("-", ""): {"type": "array", "items": {"type": "string", "format": name}}
                        for name in FORMATS
                    },
                },
            },
        }
    },
}


def thing(spec: Any, namespace: str = "default") -> Object:
    """An object of this kind."""
    metadata = {"name": "thing", "namespace": namespace}
    return {"apiVersion": "things.test/v1", "kind": "Thing", "metadata": metadata, "spec": spec}


ACCEPTED: list[Object] = [
    {},
    {"text": "ab"},
    {"text": "ßßßß"},
    {"loose": "abc"},
    {"whole": 4},
    {"open": 0.5},
    {"open": 4},
    {"flag": False},
    {"maybe": None},
    {"given": None},
    {"given": {"inner": "a"}},
    {"text": None, "whole": None},
    {"port": 1},
    {"port": "http"},
    {"list": [{"k": 1}, {"k": 1}]},
    {"set": ["a", "b"]},
    {"map": [{"k": "a"}, {"k": "a", "p": "UDP"}]},
    {"labels": {"a": "b"}},
    {"any": {"a": {"b": [1, None, {"c": True}]}}},
    {"some": {"unknown": {"x": 1}, "known": {"a": "b"}}},
    {
        "inside": {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a", "labels": {"a": "b"}},
            "spec": 1,
        }
    },
    {"inside": {"apiVersion": "a/v1", "kind": "Pod"}},
    {"either": {"x": 1}},
    {"both": "az"},
    {"never": "a"},
    {"several": "1.2.3.4"},
    {"several": "host"},
    {"span": {"low": 1, "high": 2}},
    {"span": {"low": 3}},
    {"ratio": 1},
    {"wait": "30m"},
    {"fixed": "anything"},
    *({"forms": {name.replace("-", ""): good}} for name, (good, _) in FORMATS.items()),
]

REFUSED: list[tuple[Any, set[tuple[str, str]]]] = [
    (None, {("spec", "required")}),
    ("text", {("spec", "type")}),
    ([], {("spec", "type")}),
    ({"txt": "ab"}, {("spec.txt", "unknown")}),
    ({"text": "a"}, {("spec.text", "invalid")}),
    ({"text": "abcde"}, {("spec.text", "long")}),
    ({"text": "ab\n"}, {("spec.text", "invalid")}),
    ({"text": "A1"}, {("spec.text", "invalid")}),
    ({"text": 12}, {("spec.text", "type")}),
    ({"loose": "a"}, {("spec.loose", "invalid")}),
    ({"whole": 0}, {("spec.whole", "invalid")}),
    ({"whole": 12}, {("spec.whole", "invalid")}),
    ({"whole": 3}, {("spec.whole", "invalid")}),
    ({"whole": 2.5}, {("spec.whole", "type"), ("spec.whole", "invalid")}),
    ({"whole": "2"}, {("spec.whole", "type")}),
    ({"whole": True}, {("spec.whole", "type")}),
    ({"open": 0}, {("spec.open", "invalid")}),
    ({"open": 5}, {("spec.open", "invalid")}),
    ({"flag": "true"}, {("spec.flag", "type")}),
    ({"flag": 1}, {("spec.flag", "type")}),
    ({"choice": "c"}, {("spec.choice", "unsupported")}),
    ({"choice": 1}, {("spec.choice", "type"), ("spec.choice", "unsupported")}),
    ({"given": {"inner": ""}}, {("spec.given.inner", "invalid")}),
    ({"port": True}, {("spec.port", "type")}),
    ({"port": 1.5}, {("spec.port", "type")}),
    ({"list": []}, {("spec.list", "invalid")}),
    ({"list": [{"k": 1}] * 4}, {("spec.list", "many")}),
    ({"list": [{}]}, {("spec.list[0].k", "required")}),
    ({"list": [None]}, {("spec.list[0]", "type")}),
    ({"list": [{"k": None}]}, {("spec.list[0].k", "required")}),
    ({"list": {"k": 1}}, {("spec.list", "type"), ("spec.list.k", "unknown")}),
    ({"set": ["a", "b", "a"]}, {("spec.set[2]", "duplicate")}),
    ({"map": [{"k": "a"}, {"k": "a", "p": "TCP"}]}, {("spec.map[1]", "duplicate")}),
    ({"labels": {}}, {("spec.labels", "invalid")}),
    ({"labels": {"a": "b", "c": "d", "e": "f"}}, {("spec.labels", "many")}),
    ({"labels": {"a": "bbbb"}}, {("spec.labels.a", "long")}),
    ({"labels": {"a": 1}}, {("spec.labels.a", "type")}),
    ({"some": {"known": {"b": 1}}}, {("spec.some.known.b", "unknown")}),
    ({"inside": {"kind": "Pod"}}, {("spec.inside.apiVersion", "required")}),
    ({"inside": {"apiVersion": "v1", "kind": ""}}, {("spec.inside.kind", "invalid")}),
    (
        {"inside": {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a b": "c"}}}},
        {("spec.inside.metadata.labels", "name")},
    ),
    ({"either": {}}, {("spec.either", "combination"), ("spec.either.x", "required")}),
    ({"either": {"x": 1, "y": 2}}, {("spec.either", "combination")}),
    ({"both": "a"}, {("spec.both", "invalid"), ("spec.both", "combination")}),
    ({"never": "x"}, {("spec.never", "combination")}),
    ({"several": "x"}, {("spec.several", "combination"), ("spec.several", "type")}),
    ({"span": {"low": 2, "high": 1}}, {("spec.span", "rule")}),
    ({"span": {"low": 2, "high": 1}, "whole": 0}, {("spec.span", "rule"), ("spec.whole", "invalid")}),
    ({"span": {"low": 2, "high": 1}, "whole": "0"}, {("spec.whole", "type")}),
    ({"span": {"low": 2, "high": 1}, "choice": "c"}, {("spec.choice", "unsupported")}),
    ({"span": {"low": 2, "high": 1}, "text": "abcde"}, {("spec.text", "long")}),
    ({"span": {"low": 2, "high": 1}, "list": [{}]}, {("spec.list[0].k", "required")}),
    ({"span": {"low": 2, "high": 1}, "list": [{"k": 1}] * 4}, {("spec.list", "many")}),
    (
        {"span": {"low": 2, "high": 1}, "set": ["a", "a"]},
        {("spec.span", "rule"), ("spec.set[1]", "duplicate")},
    ),
    ({"ratio": 2}, {("spec.ratio", "rule")}),
    ({"wait": "2h"}, {("spec.wait", "rule")}),
    *(
        ({"forms": {name.replace("-", ""): [bad]}}, {(f"spec.forms.{name.replace('-', '')}[0]", "type")})
        for name, (_, refused) in FORMATS.items()
        for bad in refused
    ),
]
"""Spec → the fields that are held against it, and of which kind each violation is."""
