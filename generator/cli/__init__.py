"""The command line: each command parses its options, calls one function, and shows the result.

Only click is imported at the start; a command imports what it needs when it runs. A group of commands
is a file, and a row in the table of `main`.
"""

from __future__ import annotations

from generator.cli.main import cli, main

__all__ = ["cli", "main"]
