"""Compile the syntax tree of a CEL expression to one Python closure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from generator.apiserver.cel import control
from generator.apiserver.cel.functions import TYPES, function
from generator.apiserver.cel.macros import COMPREHENSIONS, Run
from generator.apiserver.cel.operators import BINARY, inverted, negated
from generator.apiserver.cel.parser import Call, Ident, Literal, MakeList, MakeMap, Select, SyntaxTree, parse
from generator.apiserver.cel.values import Unsupported, Value

_ESCAPED = re.compile(r"__(dot|dash|slash|underscores)__")
_SIGNS = {"dot": ".", "dash": "-", "slash": "/", "underscores": "__"}
_KEYWORD = re.compile(
    "__(true|false|null|in|as|break|const|continue|else|for|function|if|import|let|loop|package|namespace"
    "|return|var|void|while)__"
)
_TYPES = {str(name): name for name in TYPES.values()}
_UNARY = {"!": inverted, "-": negated}


class Rule:
    """A compiled rule; `uses_old` says whether it compares with the object before (`oldSelf`)."""

    __slots__ = ("_places", "_run", "uses_old")

    def __init__(self, run: Run, places: int, uses_old: bool) -> None:
        self._run = run
        self._places = places
        self.uses_old = uses_old

    def __call__(self, self_: Value, old: Value = None) -> Value:
        """Evaluate the rule; raise `CelError` as CEL does."""
        scope = [None] * self._places
        scope[0] = self_
        scope[1] = old
        return self._run(scope)


@cache
def compile_rule(text: str) -> Rule:
    """Return the rule of an expression; raise `Unsupported` for one that cannot be read."""
    compiler = _Compiler()
    try:
        run = compiler.compile(parse(text), {"self": 0, "oldSelf": 1})
    except RecursionError:
        raise Unsupported("the expression nests too deeply") from None
    return Rule(run, compiler.places, compiler.uses_old)


def unescaped(name: str) -> str:
    """Return the field that an escaped name stands for: `__namespace__` is `namespace`."""
    keyword = _KEYWORD.fullmatch(name)
    if keyword:
        return keyword[1]
    return _ESCAPED.sub(lambda match: _SIGNS[match[1]], name)


Variables = Mapping[str, int]
"""Names in sight, and the places of their values in the scope."""


class _Compiler:
    """Compiles one expression; every name that a macro binds gets a place of its own."""

    def __init__(self) -> None:
        self.places = 2
        self.uses_old = False

    def compile(self, tree: SyntaxTree, names: Variables) -> Run:
        """Return the closure of a tree, where these names are in sight."""
        return self._KINDS[type(tree)](self, tree, names)

    def _literal(self, tree: Literal, _: Variables) -> Run:
        value = tree.value
        return lambda _: value

    def _ident(self, tree: Ident, names: Variables) -> Run:
        if tree.name not in names and tree.name in _TYPES:
            return self._literal(Literal(_TYPES[tree.name]), names)
        if tree.name not in names:
            raise Unsupported(f"unknown name {tree.name}")
        place = names[tree.name]
        self.uses_old |= place == 1
        return lambda scope: scope[place]

    def _select(self, tree: Select, names: Variables) -> Run:
        of, field = self.compile(tree.of, names), unescaped(tree.field)
        if tree.optional:
            return lambda scope: control.maybe_field(of(scope), field)
        return control.selected(of, field)

    def _list(self, tree: MakeList, names: Variables) -> Run:
        runs = [self.compile(item, names) for item in tree.items]
        return lambda scope: [run(scope) for run in runs]

    def _map(self, tree: MakeMap, names: Variables) -> Run:
        runs = [(self.compile(key, names), self.compile(value, names)) for key, value in tree.items]
        return lambda scope: {key(scope): value(scope) for key, value in runs}

    def _call(self, tree: Call, names: Variables) -> Run:
        if tree.of is None:
            return self._global(tree, names)
        if tree.args and isinstance(tree.args[0], Ident):
            macro = self._macro(tree, tree.of, tree.args[0], names)
            if macro:
                return macro
        if isinstance(tree.of, Ident) and tree.of.name not in names:
            return self._applied(function("qualified", f"{tree.of.name}.{tree.name}"), tree.args, names)
        return self._applied(function("member", tree.name), (tree.of, *tree.args), names)

    def _macro(self, tree: Call, of: SyntaxTree, bound: Ident, names: Variables) -> Run | None:
        make = COMPREHENSIONS.get((tree.name, len(tree.args)))
        optional = tree.name in ("optMap", "optFlatMap")
        if not make and not optional:
            return None
        over, place = self.compile(of, names), self.places
        self.places += 1
        args = tuple(self.compile(arg, {**names, bound.name: place}) for arg in tree.args[1:])
        if make:
            return make(over, place, args)
        return control.mapped(over, place, args[0], flat=tree.name == "optFlatMap")

    def _global(self, tree: Call, names: Variables) -> Run:
        if tree.name == "has":
            return self._has(tree, names)
        if tree.name in ("&&", "||"):
            left, right = (self.compile(arg, names) for arg in tree.args)
            return control.absorbing(tree.name == "||", left, right)
        if tree.name == "?:":
            return control.choice(*(self.compile(arg, names) for arg in tree.args))
        if len(tree.args) == 1 and tree.name in _UNARY:
            return self._applied(_UNARY[tree.name], tree.args, names)
        return self._applied(BINARY.get(tree.name) or function("global", tree.name), tree.args, names)

    def _has(self, tree: Call, names: Variables) -> Run:
        if len(tree.args) != 1 or not isinstance(tree.args[0], Select):
            raise Unsupported("has() takes a field")
        return control.present(self.compile(tree.args[0].of, names), unescaped(tree.args[0].field))

    def _applied(
        self, apply: Callable[..., Any] | None, args: tuple[SyntaxTree, ...], names: Variables
    ) -> Run:
        if apply is None:
            raise Unsupported("unknown function")
        runs = [self.compile(arg, names) for arg in args]
        if len(runs) == 1:
            (one,) = runs
            return lambda scope: apply(one(scope))
        if len(runs) == 2:
            first, second = runs
            return lambda scope: apply(first(scope), second(scope))
        return lambda scope: apply(*[run(scope) for run in runs])

    _KINDS: Mapping[type, Callable[[Any, Any, Variables], Run]] = {
        Literal: _literal,
        Ident: _ident,
        Select: _select,
        MakeList: _list,
        MakeMap: _map,
        Call: _call,
    }
