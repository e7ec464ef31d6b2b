"""Validate custom resources as an API server does, by the schemas of their definitions."""

from __future__ import annotations
