"""Checkpoints and the weights of known networks."""
