"""Judges of the styles' pictures; `rule` says which of them are independent of training."""
