"""Trained networks -> style files."""
