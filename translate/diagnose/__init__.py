"""What went wrong in a run, by its metrics."""
