"""Tasks with a known ground truth, and runs with a known fault."""
