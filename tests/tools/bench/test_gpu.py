"""The script for a machine with a GPU, on the CPU: it runs whole, and its exit code is that of its checks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.paths import ROOT
from tools.bench.gpu_report import Report
from translate.errors import UserError


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_a_dry_run_measures_and_checks_everything(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHON": sys.executable, "CUDA_VISIBLE_DEVICES": ""}
    command = ["bash", str(ROOT / "tools" / "bench" / "gpu.sh"), str(tmp_path / "out"), "--dry-run"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = json.loads((tmp_path / "out" / "gpu.json").read_text(encoding="utf-8"))
    assert done.returncode == 0, [check for check in found["checks"] if not check["passed"]]
    assert {"network", "stages", "end to end", "training", "real run", "seconds"} <= found["tables"].keys()
    assert {row["way"] for row in found["tables"]["training"]} == {"plain"}
    names = {check["check"] for check in found["checks"]}
    assert {"anime in fp32 equals the CPU", "anime in fp16 equals the CPU", "the CPU resumes it"} <= names
    assert "| network | " in (tmp_path / "out" / "gpu.md").read_text(encoding="utf-8")


def test_a_part_that_fails_is_a_failed_check_and_the_rest_goes_on(tmp_path: Path) -> None:
    report = Report(tmp_path, seconds=100)

    def fail(report: Report) -> None:
        raise UserError("no such | thing")

    report.section("first", fail)
    report.section("second", lambda report: report.row("speeds", way="fast", mp_per_s=123.4), needs=50)
    report.section("third", fail, needs=1000)
    found = json.loads((tmp_path / "gpu.json").read_text(encoding="utf-8"))
    assert found["tables"]["speeds"] == [{"way": "fast", "mp_per_s": 123.4}]
    assert [(check["check"], check["passed"]) for check in report.checks] == [("first", False), ("third", False)]
    assert report.checks[1]["detail"].startswith("left out")
    assert "| first | NO | no such / thing |" in report.markdown() and "| fast | 123 |" in report.markdown()


def test_a_machine_without_a_gpu_is_refused(tmp_path: Path) -> None:
    import typer
    from typer.testing import CliRunner

    from tools.bench.gpu import main
    from translate.style.devices import cuda_obstacle

    app = typer.Typer()
    app.command()(main)
    if cuda_obstacle() is not None:
        done = CliRunner().invoke(app, [str(tmp_path / "out")])
        assert done.exit_code == 3 and "cuda:0: " in done.output
    assert not (tmp_path / "out").exists()
