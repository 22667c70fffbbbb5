"""Checks to run before a release."""
