"""Custom resources, judged as an API server judges them: by schemas in the dialect of their definitions."""

from __future__ import annotations
