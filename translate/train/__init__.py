"""Training: the loop, the methods, their objectives."""
