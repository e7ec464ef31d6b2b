"""The blue-green rollout: a second InferencePool takes the traffic of the first, weight by weight."""
