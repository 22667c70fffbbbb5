"""Folders of pictures through a style."""
