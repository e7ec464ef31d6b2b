"""What Kubernetes objects, gateways and engines mean. Each fact is written here, once."""
