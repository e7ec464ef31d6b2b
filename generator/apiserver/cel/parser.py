"""Parse CEL tokens into a syntax tree; macros are calls here, and `compiler` expands them."""

from __future__ import annotations

from dataclasses import dataclass

from generator.apiserver.cel.lexer import Token, tokens
from generator.apiserver.cel.values import UInt, Unsupported, Value


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant."""

    value: Value


@dataclass(frozen=True, slots=True)
class Ident:
    """A name."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`of.field`, or `of.?field` where it is optional."""

    of: SyntaxTree
    field: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator; `of` is what a member function is called on."""

    name: str
    args: tuple[SyntaxTree, ...]
    of: SyntaxTree | None = None


@dataclass(frozen=True, slots=True)
class MakeList:
    """`[a, b]`."""

    items: tuple[SyntaxTree, ...]


@dataclass(frozen=True, slots=True)
class MakeMap:
    """`{a: b}`."""

    items: tuple[tuple[SyntaxTree, SyntaxTree], ...]


SyntaxTree = Literal | Ident | Select | Call | MakeList | MakeMap

_BINDING = {
    **dict.fromkeys(["||"], 1),
    **dict.fromkeys(["&&"], 2),
    **dict.fromkeys(["==", "!=", "<", "<=", ">", ">=", "in"], 3),
    **dict.fromkeys(["+", "-"], 4),
    **dict.fromkeys(["*", "/", "%"], 5),
}
"""Operator → how tightly it binds."""

_CONSTANTS = {"true": True, "false": False, "null": None}
_DEPTH = 250


def parse(text: str) -> SyntaxTree:
    """Return the tree of an expression; raise `Unsupported` where the text is none that we know."""
    parser = _Parser(text)
    tree = parser.expression()
    parser.expect("end")
    return tree


class _Parser:
    """Reads tokens one by one, with one token of foresight."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._next = next(self._tokens)
        self._depth = 0

    def expression(self) -> SyntaxTree:
        """Read a whole expression."""
        self._depth += 1
        if self._depth > _DEPTH:
            raise Unsupported("the expression nests too deeply")
        tree = self._binary(1)
        if self._take("?"):
            then = self._binary(1)
            self.expect(":")
            tree = Call("?:", (tree, then, self.expression()))
        self._depth -= 1
        return tree

    def expect(self, kind: str) -> Token:
        """Read a token of this kind; raise `Unsupported` where another one stands."""
        if self._next.kind != kind:
            raise Unsupported(f"expected {kind}, found {self._next.value!r}")
        return self._advance()

    def _advance(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._next = next(self._tokens)
        return token

    def _take(self, kind: str) -> bool:
        if self._next.kind == kind:
            self._advance()
            return True
        return False

    def _binary(self, tightness: int) -> SyntaxTree:
        tree = self._unary()
        while True:
            operator = self._operator()
            if _BINDING.get(operator, 0) < tightness:
                return tree
            self._advance()
            tree = Call(operator, (tree, self._binary(_BINDING[operator] + 1)))

    def _operator(self) -> str:
        token = self._next
        return "in" if token == ("ident", "in") else token.kind

    def _unary(self) -> SyntaxTree:
        if self._take("!"):
            return Call("!", (self._unary(),))
        if self._take("-"):
            if self._next.kind in ("int", "float"):
                number = self._advance().value
                return self._members(Literal(-number))  # type: ignore[operator]
            return Call("-", (self._unary(),))
        return self._members(self._primary())

    def _members(self, tree: SyntaxTree) -> SyntaxTree:
        while True:
            if self._take("."):
                optional = self._take("?")
                name = str(self._field().value)
                if self._take("("):
                    tree = Call(name, self._arguments(")"), tree)
                else:
                    tree = Select(tree, name, optional)
            elif self._take("["):
                name = "[?]" if self._take("?") else "[]"
                tree = Call(name, (tree, self.expression()))
                self.expect("]")
            else:
                return tree

    def _field(self) -> Token:
        return self._advance() if self._next.kind == "quoted" else self.expect("ident")

    def _primary(self) -> SyntaxTree:
        token = self._advance()
        if token.kind in ("int", "float", "string", "bytes"):
            return Literal(token.value)
        if token.kind == "uint":
            return Literal(UInt(token.value))  # type: ignore[call-overload]
        if token.kind == "(":
            tree = self.expression()
            self.expect(")")
            return tree
        if token.kind == "[":
            return MakeList(self._arguments("]"))
        if token.kind == "{":
            return MakeMap(self._entries())
        if token.kind == ".":
            token = self.expect("ident")
        if token.kind != "ident":
            raise Unsupported(f"unexpected {token.value!r}")
        name = str(token.value)
        if self._take("("):
            return Call(name, self._arguments(")"))
        return Literal(_CONSTANTS[name]) if name in _CONSTANTS else Ident(name)

    def _arguments(self, end: str) -> tuple[SyntaxTree, ...]:
        items: list[SyntaxTree] = []
        while not self._take(end):
            items.append(self.expression())
            if not self._take(","):
                self.expect(end)
                break
        return tuple(items)

    def _entries(self) -> tuple[tuple[SyntaxTree, SyntaxTree], ...]:
        items: list[tuple[SyntaxTree, SyntaxTree]] = []
        while not self._take("}"):
            key = self.expression()
            self.expect(":")
            items.append((key, self.expression()))
            if not self._take(","):
                self.expect("}")
                break
        return tuple(items)
