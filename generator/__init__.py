"""rollplan compiles a rollout plan for LLM inference on Kubernetes into ordered stage directories."""

__version__ = "0.1.0"
