"""Judges of what the styles make, none of which has a part in training them."""
