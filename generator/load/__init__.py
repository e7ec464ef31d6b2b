"""Load files as documents with the place of every key and value, within strict limits.

Reading a file: its bytes are checked, then its characters, then YAML's events pass a guard and become
nodes. Everything wrong is found, as far as the parser can go on.
"""

from __future__ import annotations

from generator.load.reader import load_manifests, load_plan, read_source

__all__ = ["load_manifests", "load_plan", "read_source"]
