"""Styles, as exported: what a file promises, and how it runs."""
