"""Conversion on many machines, by Ray."""
