"""What must hold before the next stage: kubectl checks, smoke requests, PromQL, adapters on every pod."""
