"""Write the index of the shipped styles, by which `translate models verify` knows them.

python -m tools.release.index
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from translate.storage.atomic import write_atomically
from translate.style.bundle import sha256_of
from translate.style.index import FILE, FORMAT, Entry
from translate.style.session import read_style

STYLES = Path(__file__).parents[2] / "assets" / "styles"


def shipped_index() -> bytes:
    """The index, as JSON, of the styles in `STYLES`, int8 variants among them."""
    entries = []
    for path in sorted(STYLES.glob("*.onnx")):
        info = read_style(path)
        entry = asdict(Entry(path.stem, info.title, info.licence, sha256_of(path), path.stat().st_size))
        entries.append({name: value for name, value in entry.items() if value is not None})
    return (json.dumps({"format": FORMAT, "styles": entries}, indent=2, ensure_ascii=False) + "\n").encode()


if __name__ == "__main__":
    write_atomically(STYLES / FILE, shipped_index())
