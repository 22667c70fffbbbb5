"""What went wrong in a run, judged by its metrics."""
