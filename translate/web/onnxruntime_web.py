"""onnxruntime for browsers: two files of the npm package onnxruntime-web."""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from translate.errors import UnusableError, UserError

VERSION = "1.30.0"
INTEGRITY = "q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="  # SHA-512
# Name in the package -> name in the page: not every web server knows .mjs as JavaScript.
FILES = {
    "ort.wasm.bundle.min.mjs": "ort.js",
    "ort-wasm-simd-threaded.wasm": "ort-wasm-simd-threaded.wasm",  # as ort.js calls it
}


def read_runtime(folder: Path | None) -> dict[str, bytes]:
    """The files by their names in the page: from ``folder``, or from the npm registry where there is none.

    Raises ``UserError`` where ``folder`` lacks one, ``UnusableError`` where npm cannot fetch them.
    """
    if folder is None:
        return _fetched()
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise UserError(f"<runtime> {folder}: lacks {', '.join(missing)}; they are in the folder dist of {_package()}")
    return {ours: (folder / name).read_bytes() for name, ours in FILES.items()}


def _fetched() -> dict[str, bytes]:
    npm = shutil.which("npm")
    if npm is None:
        raise UnusableError(f"npm, which fetches {_package()}, is not installed; install it, or give <runtime>")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", "--pack-destination", folder, _package()]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        packed = [path.read_bytes() for path in Path(folder).glob("*.tgz")]
        if done.returncode or len(packed) != 1:
            reason = (done.stderr.strip() or done.stdout.strip() or "no answer").splitlines()[-1]
            raise UnusableError(f"npm cannot fetch {_package()}: {reason}; <runtime> takes a folder with its files")
        (package,) = Path(folder).glob("*.tgz")
        if base64.b64encode(hashlib.sha512(packed[0]).digest()).decode() != INTEGRITY:
            raise UnusableError(f"npm fetched another {_package()} than expected; <runtime> takes a folder instead")
        return _unpacked(package, {f"package/dist/{name}": ours for name, ours in FILES.items()})


def _unpacked(package: Path, wanted: Mapping[str, str]) -> dict[str, bytes]:
    with tarfile.open(package) as archive:
        files = {ours: archive.extractfile(name) for name, ours in wanted.items()}
        return {ours: file.read() for ours, file in files.items() if file is not None}


def _package() -> str:
    return f"onnxruntime-web@{VERSION}"
