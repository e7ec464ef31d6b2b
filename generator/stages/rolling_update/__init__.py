"""The rolling update of one pool's workloads: surge, partitions, and how long each wave may take."""
