"""Folders of pictures -> batches."""
