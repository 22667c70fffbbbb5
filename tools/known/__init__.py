"""Tasks whose truth is known, and runs with a known fault."""
