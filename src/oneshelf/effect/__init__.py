"""Effect: what a decision caused, with its uncertainty, and a claim only when the figures bear it."""
