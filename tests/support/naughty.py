"""Texts that have broken a parser, a terminal or a page somewhere: generated, by the kind of harm."""

# ruff: noqa: RUF001  characters that look like others are what this file is about

from __future__ import annotations

import random

CONTROL = [f"a{chr(code)}b" for code in (*range(0x20), *range(0x7F, 0xA0))]
DIRECTIONS = [
    f"x{mark}y{chr(0x202C)}"
    for mark in map(chr, (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)))
]
SEPARATORS = [
    f"a{chr(code)}b" for code in (0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x3000, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF)
]
FENCES = [
    f"{lead}{mark * count}{rest}"
    for lead in ("", " ", "a\n", "\n\n")
    for mark in "`~"
    for count in (1, 2, 3, 4, 7, 40)
    for rest in ("", "sh", "\nrm -rf /\n", " b", "\n```")
]
MARKUP = [
    lead + text
    for lead in ("", "a ", "\n", "    ")
    for text in (
        "# title",
        "title\n=====",
        "> quote",
        "- item",
        "1. item",
        "* * *",
        "---",
        "***bold***",
        "__b__",
        "~~gone~~",
        "| a | b |",
        "|-|-|",
        "a|b",
        "\\|",
        "\\",
        "\\\\",
        "`",
        "``",
        "` `",
        "a`b",
        "`a",
        "a`",
        " `a` ",
        "[ ] task",
        "[a]: https://example.com",
        "[^1]: note",
        "$$x$$",
        ":tada:",
        "&amp;",
        "&#96;",
        "&lt;script&gt;",
    )
]
LINKS = [
    text.replace("X", target)
    for target in (
        "https://example.com",
        "javascript:alert(1)",
        "//example.com",
        "data:text/html,a",
        "a b",
        "<a>",
        "mailto:a@b.cd",
    )
    for text in (
        "[a](X)",
        "![a](X)",
        "<X>",
        "X",
        "[a][b]\n\n[b]: X",
        "[![a](X)](X)",
        "www.example.com/X",
        "](X)",
        "`](X)",
    )
]
MENTIONS = [
    "@octocat",
    "@org/team",
    "a@b.cd",
    "#1",
    "GH-1",
    "owner/name#1",
    "owner/name@0123abc",
    "@",
    "＠octocat",
    "0123456789abcdef0123456789abcdef01234567",
    "\\@octocat",
    "`@octocat",
    "fixes #1",
    "/assign @octocat",
]
HTML = [
    wrap.replace("X", text)
    for wrap in ("X", "a X", "\nX\n", "`X", "</code>X", "</summary>X", "</details>\n\nX", "-->X")
    for text in (
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<!-- a",
        "<!-- -->",
        "<![CDATA[a]]>",
        "<?php a ?>",
        "<a href='javascript:alert(1)'>a</a>",
        "<svg/onload=alert(1)>",
        "<details open>",
        "</details>",
        "<summary>",
        "</td></tr>",
        "<pre>",
        "</pre>",
        "<style>*{}</style>",
        "<textarea>",
        "<iframe src=//example.com>",
        "<br>",
        "<",
        ">",
        "&",
        '"',
        "'",
    )
]
TEMPLATES = [
    f"{a}{body}{z}"
    for a, z in (
        ("{{", "}}"),
        ("{%", "%}"),
        ("${", "}"),
        ("$(", ")"),
        ("#{", "}"),
        ("<%=", "%>"),
        ("`", "`"),
        ("${{", "}}"),
    )
    for body in ("7*7", "config", "''.__class__", "env.HOME", "id", "secrets.TOKEN")
]
TERMINAL = [
    f"{start}{rest}"
    for start in ("\x1b", "\x9b", "\x1b[", "\x1b]", "\\x1b[")
    for rest in ("31mred", "0;title\x07", "8;;https://example.com\x1b\\", "2J", "A", "c")
]
COMMANDS = [
    f"{lead}{text}"
    for lead in ("", "\n", "a\r\n", "%0A")
    for text in (
        "::error::a",
        "::set-output name=a::b",
        "::add-mask::a",
        "##[error]a",
        "::stop-commands::a",
        "::warning file=a,line=1::b",
        "::debug::",
        "##vso[task.a]b",
    )
]
FORMULAS = [
    f"{lead}{text}"
    for lead in "=+-@\t"
    for text in ("1+1", "cmd|' /C calc'!A0", 'HYPERLINK("https://example.com")', "SUM(A1:A9)")
]
MERMAID = [
    '"]; click a "javascript:alert(1)"',
    'a"] --> b["c',
    "%%{init: {}}%%",
    "end",
    "subgraph x",
    "#quot;",
    "#35;",
    "a-->b",
    "classDef x fill:red",
    "style s0 fill:red",
    "```mermaid",
]
SCRIPTS = [
    "ثم نفس سقطت",
    "בְּרֵאשִׁית",
    "田中さんにあげて下さい",
    "𝓣𝓱𝓮 𝓺𝓾𝓲𝓬𝓴",
    "Ṱ̺̺̕o͞ ̷i̲̬͇̪͙n̝̗͕v̟̜̘̦͟o̶̙̰̠kè͚̮̺̪̹̱̤",
    "👩‍👩‍👧‍👦 👍🏿",
    "🇩🇪🇫🇷",
    "İıſKÅ",
    "ﷺ",
    "ﬃ",
    "a\u0301\u0301\u0301",
    "\U000e0001\U000e0041",
    "ⅷ½²",
    "𐐀",
    "\u200bhidden\u200c\u200d\u2060",
    "ＡＢＣ",
]
VALUES = [
    "",
    " ",
    "  ",
    "\t",
    "\n",
    "null",
    "true",
    "NaN",
    "-0",
    "1e309",
    "0x1F",
    "010",
    "undefined",
    "None",
    "$HOME",
    "../../etc/passwd",
    "C:\\con",
    "%s%n%d",
    "'; DROP TABLE a; --",
    "A" * 10_000,
    "`" * 5_000,
    "[" * 3_000,
    "<" * 2_000,
    "*" * 2_000 + "a",
    "> " * 1_000,
    "a\n" * 1_000,
    "|" * 300,
    "\\" * 301,
]


def _mixtures(count: int) -> list[str]:
    """Random mixtures of the characters that mean something somewhere; the same every time."""
    dice = random.Random(5)
    signs = "`~|\\<>[]()!@#*_-+=&;:'\"{}$%/ \n\t\r\x1b\u202eaé😀0"
    return ["".join(dice.choices(signs, k=dice.randint(1, 40))) for _ in range(count)]


NAUGHTY = list(
    dict.fromkeys(
        [*CONTROL, *DIRECTIONS, *SEPARATORS, *FENCES, *MARKUP, *LINKS, *MENTIONS, *HTML, *TEMPLATES,
         *TERMINAL, *COMMANDS, *FORMULAS, *MERMAID, *SCRIPTS, *VALUES, *_mixtures(150)]
    )
)  # fmt: skip
