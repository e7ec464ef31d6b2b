"""Who gets which requests: routes, rewrites, pins and grants with the weights of a stage."""
