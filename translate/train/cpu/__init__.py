"""Kernels for training on CPUs."""
