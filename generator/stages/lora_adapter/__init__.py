"""The LoRA adapter rollout: an InferenceModelRewrite moves an alias from one adapter to the next."""
