"""What a training run's figures say about it: which fault it has, by which evidence, and what to try."""
