"""What is made, measured and checked beside the program: ``python -m tools.bench.convert`` and the like."""
