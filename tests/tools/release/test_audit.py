"""`tools/release/audit.sh` with a stand-in for pip-audit: a failed look-up never counts as safe."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


def audit(folder: Path, stand_in: str) -> subprocess.CompletedProcess[str]:
    tool = folder / "pip-audit"
    tool.write_text(f"#!/bin/sh\n{stand_in}\n")
    tool.chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    command = ["bash", str(ROOT / "tools" / "release" / "audit.sh")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)


def test_no_known_vulnerability(tmp_path: Path) -> None:
    done = audit(tmp_path, "echo 'No known vulnerabilities found' >&2")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == [
        "requirements.lock",
        "requirements-all.lock",
    ]


def test_a_known_vulnerability(tmp_path: Path) -> None:
    write = "for last; do shift; done; echo 'pillow 9.0 CVE-2023-50447' > \"$last\""
    done = audit(tmp_path, f"{write}; echo 'Found 1 known vulnerability in 1 package' >&2; exit 1")
    assert done.returncode == 1
    assert "Found 1 known" in done.stdout and "CVE-2023-50447" in done.stdout


def test_a_database_that_does_not_answer(tmp_path: Path) -> None:
    done = audit(tmp_path, "echo Traceback >&2; echo 'ConnectionError: api.osv.dev' >&2; exit 1")
    assert (done.returncode, done.stdout) == (77, "")
    assert done.stderr == "audit skipped: requirements.lock: ConnectionError: api.osv.dev\n"
