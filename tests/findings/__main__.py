"""Write a case out: python -m tests.findings RP501-monitor [--fixed] [--to DIR]."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.support.cases import BASES, NAMES, BadCase, base, case


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.findings", description="Write a case out.")
    parser.add_argument("name", choices=[*NAMES, *BASES], metavar="NAME", help="a case, or a base")
    parser.add_argument("--fixed", action="store_true", help="with its fix")
    parser.add_argument("--to", type=Path, metavar="DIR", help="where to (default: rendered/NAME)")
    chosen = parser.parse_args()
    one = base(chosen.name) if chosen.name in BASES else case(chosen.name)
    folder = chosen.to or Path("rendered") / chosen.name
    try:
        plan = one.write(folder, fixed=chosen.fixed)
    except BadCase as error:
        sys.exit(str(error))
    print(f"rollplan validate {plan}")


if __name__ == "__main__":
    main()
