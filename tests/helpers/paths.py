"""Paths of the repository's own files."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PHOTOS = ROOT / "assets" / "photos"
DATA = ROOT / "tests" / "data"
PORTRAIT = PHOTOS / "portrait.jpg"
PORTRAIT_LANDMARKS = DATA / "portrait-landmarks.npz"  # what landmarks.py finds in it: one face
