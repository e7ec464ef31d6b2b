"""Compile CEL rules of CustomResourceDefinitions to Python closures, with CEL's semantics.

`compile_rule` reads a rule once; what it gives is called with `self` (and `oldSelf`) as often as needed.
"""

from __future__ import annotations

from generator.apiserver.cel.compiler import Rule, compile_rule
from generator.apiserver.cel.values import CelError, Unsupported

__all__ = ["CelError", "Rule", "Unsupported", "compile_rule"]
