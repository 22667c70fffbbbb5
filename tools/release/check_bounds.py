"""Check the dependency bounds in pyproject.toml: install the versions at one end in a new environment and run tests.

    python -m tools.release.check_bounds lowest  # each at its lower bound, transitive dependencies at the newest
    python -m tools.release.check_bounds newest tests/export
    python -m tools.release.check_bounds locked  # the versions in the lock files, with hashes checked

First the base install converts a photo, then all extras are added and the tests run. It downloads gigabytes (PyTorch)
into --folder, or into a temporary folder. Prints the installed versions next to the allowed ones.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
# together they use every dependency, and take minutes
TESTS = [
    f"tests/{name}"
    for name in (
        *("commands", "data", "export", "media", "style", "convert/ray", "evaluate", "report", "weights"),
        *("models/test_init.py", "train/test_batch_augment.py", "train/methods", "train/test_loop.py"),
        *("storage/test_remote.py", "test_cli.py", "test_wheel.py"),
    )
]


def requirements() -> list[Requirement]:
    """All direct dependencies with a version bound, of the base and the extras, that apply to this system.

    Without those of `cuda`, which can be tried on a GPU only.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [group for name, group in project["optional-dependencies"].items() if name != "cuda"]
    groups = [project["dependencies"], *extras]
    parsed = [Requirement(text) for group in groups for text in group]
    return [one for one in parsed if one.specifier and (one.marker is None or one.marker.evaluate())]


def lower_bound(requirement: Requirement) -> str:
    (bound,) = [one.version for one in requirement.specifier if one.operator == ">="]
    return bound


def install(python: Path, end: str, extra: str, folder: Path) -> None:
    """Install the project with ``extra``, a list of extras in brackets, empty for the base."""
    pip: list[str | Path] = [python, "-m", "pip", "install", "--progress-bar", "off"]
    if end == "locked":
        lock = ROOT / ("requirements-all.lock" if extra else "requirements.lock")
        subprocess.run([*pip, "--require-hashes", "--requirement", lock], cwd=ROOT, check=True)
        subprocess.run([*pip, "--no-deps", "--editable", ROOT], cwd=ROOT, check=True)
        return
    constraints = folder / "constraints.txt"
    bounds = [f"{one.name}=={lower_bound(one)}\n" for one in requirements()]
    constraints.write_text("".join(bounds) if end == "lowest" else "", encoding="utf-8")
    subprocess.run([*pip, "--constraint", constraints, "--editable", f"{ROOT}{extra}"], cwd=ROOT, check=True)


def installed(python: Path) -> dict[str, str]:
    command: list[str | Path] = [python, "-m", "pip", "list", "--format", "freeze", "--exclude-editable"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {canonicalize_name(name): version for name, _, version in (line.partition("==") for line in lines)}


def check(end: str, folder: Path, tests: list[str]) -> int:
    """Install, convert, and run ``tests``; returns their exit status."""
    venv.create(folder / "venv", with_pip=True, clear=True)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"

    install(python, end, "", folder)
    photo = ROOT / "assets" / "photos" / "otters.jpg"
    convert: list[str | Path] = [python, "-m", "translate", "convert", photo, "-o", folder / "drawn.jpg", "--overwrite"]
    subprocess.run(convert, cwd=folder, check=True)
    assert "torch" not in installed(python), "converting must be tested without PyTorch"

    install(python, end, "[test]", folder)
    subprocess.run([python, "-m", "pip", "check"], check=True)
    versions = installed(python)
    for one in sorted(requirements(), key=lambda one: one.name):
        version = versions.get(canonicalize_name(one.name), "not installed")
        print(f"{one.name:34} {one.specifier!s:20} {version}", flush=True)
    return subprocess.run([python, "-m", "pytest", "-p", "no:cacheprovider", *tests], cwd=ROOT, check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("end", choices=("lowest", "newest", "locked"))
    parser.add_argument("tests", nargs="*", default=TESTS, help="tests to run; default: some for each dependency")
    parser.add_argument("--folder", type=Path, help="folder to keep the environment in")
    chosen = parser.parse_args()
    if chosen.folder is not None:
        chosen.folder.mkdir(parents=True, exist_ok=True)
        return check(chosen.end, chosen.folder.resolve(), chosen.tests)
    with tempfile.TemporaryDirectory() as folder:
        return check(chosen.end, Path(folder), chosen.tests)


if __name__ == "__main__":
    sys.exit(main())
