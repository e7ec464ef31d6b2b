"""rollplan compiles a rollout plan for LLM inference on Kubernetes into ordered stage directories."""

from __future__ import annotations

__version__ = "0.1.0"
