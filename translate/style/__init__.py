"""Exported styles: the contract of a style file, and running it."""
