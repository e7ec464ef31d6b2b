"""Split the text of a CEL expression into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from generator.apiserver.cel.values import Unsupported


class Token(NamedTuple):
    """`kind` is ident, int, uint, float, string, bytes, end, or the operator itself."""

    kind: str
    value: object


_STRING = r"""
    (?P<prefix>[rRbB]{0,2})
    (?: \"{3}(?P<long2>(?:[^\\]|\\.)*?)\"{3} | '{3}(?P<long1>(?:[^\\]|\\.)*?)'{3}
      | "(?P<short2>(?:[^"\\\n]|\\.)*)" | '(?P<short1>(?:[^'\\\n]|\\.)*)' )"""
_RAW = r"""
    (?P<rawprefix>[rR][bB]?|[bB][rR])
    (?: \"{3}(?P<raw3>.*?)\"{3} | '{3}(?P<raw4>.*?)'{3} | "(?P<raw1>[^"\n]*)" | '(?P<raw2>[^'\n]*)' )"""
_TOKEN = re.compile(
    rf"""\s* (?: //[^\n]* \s* )*
    (?: (?P<raw>{_RAW}) | (?P<string>{_STRING})
      | (?P<float>\d+\.\d+(?:[eE][+-]?\d+)? | \d+[eE][+-]?\d+ | \.\d+(?:[eE][+-]?\d+)?)
      | (?P<uint>(?:0[xX][0-9a-fA-F]+|\d+)[uU])
      | (?P<int>0[xX][0-9a-fA-F]+|\d+)
      | (?P<ident>[A-Za-z_][A-Za-z0-9_]*) | `(?P<quoted>[A-Za-z0-9_./ -]+)`
      | (?P<op>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]{{}}])
      | (?P<end>\Z) )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\?\"'`])|[xX]([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|(.?))",
    re.DOTALL,
)
_PLAIN = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True))


def tokens(text: str) -> Iterator[Token]:
    """Return the tokens of an expression, the last of them `end`; raise `Unsupported` for other text."""
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            raise Unsupported(f"no token of CEL at {text[position : position + 20]!r}")
        yield _token(match)
        if match.lastgroup == "end":
            return
        position = match.end()


def _token(match: re.Match[str]) -> Token:
    if match["raw"] is not None:
        body = next(part for part in match.group("raw3", "raw4", "raw1", "raw2") if part is not None)
        return _text(body, match["rawprefix"])
    if match["string"] is not None:
        parts = match.group("long2", "long1", "short2", "short1")
        body = next(part for part in parts if part is not None)
        return _text(_ESCAPE.sub(_unescaped, body), match["prefix"])
    if match["float"] is not None:
        return Token("float", float(match["float"]))
    if match["uint"] is not None:
        return Token("uint", int(match["uint"][:-1], 0 if match["uint"][1:2] in "xX" else 10))
    if match["int"] is not None:
        return Token("int", int(match["int"], 16 if match["int"][1:2] in ("x", "X") else 10))
    if match["quoted"] is not None:
        return Token("quoted", match["quoted"])
    if match["ident"] is not None:
        return Token("ident", match["ident"])
    return Token("end", "") if match["op"] is None else Token(match["op"], match["op"])


def _text(body: str, prefix: str) -> Token:
    return Token("bytes", body.encode()) if "b" in prefix.lower() else Token("string", body)


def _unescaped(match: re.Match[str]) -> str:
    plain, *codes, octal, other = match.groups()
    if other is not None:
        raise Unsupported(f"no escape of CEL: {match[0]}")
    if plain is not None:
        return _PLAIN.get(plain, plain)
    number = int(octal, 8) if octal is not None else int(next(code for code in codes if code is not None), 16)
    return chr(number)
