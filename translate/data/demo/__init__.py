"""Data sets drawn on the spot, for a first training without a download."""
