"""Slow makers of pictures that fast styles are taught by."""
