"""Everything that there is to know about a GPU, in one run of under eight minutes.

    python -m tools.bench.gpu OUT [--photos assets/photos] [--device cuda:0] [--dry-run]

Writes OUT/gpu.json and OUT/gpu.md, after every section: what `translate doctor` says; whether every shipped style gives
the CPU's result; how fast network, decoding, encoding, enlarging and whole conversions are; how fast each method
trains; a minute of real training that the CPU resumes. Exit code 1: a check failed. ``--dry-run`` does all of it on the
CPU with tiny numbers. `tools/bench/gpu.sh` prepares a bare machine and runs this.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from tools.bench.gpu_conversion import DRY, Scale, check_parity, measure_folders, measure_network
from tools.bench.gpu_report import Report
from translate.style.devices import cuda_obstacle, parse_device

SECONDS = 440  # after which nothing else is begun


def examine(report: Report, device: str) -> None:
    """What the machine is, and whether the program works on it."""
    done = subprocess.run(
        [sys.executable, "-m", "translate", "doctor", "--json"], capture_output=True, text=True, check=False
    )
    report.check("translate doctor", done.returncode == 0, done.stderr[-200:].strip())
    found = json.loads(done.stdout)
    names = ("version", "python", "platform", "torch")
    report.facts |= {name: found[name] for name in names} | {"onnxruntime": found["onnxruntime"]["version"]}
    report.facts |= {"cuda driver": found["cuda"]["driver"], "cores": found["processor"]["cores"]}
    if device != "cpu":
        report.facts["gpu"] = found["cuda"]["gpus"][parse_device(device)[1]]
    for test in found["self_test"]["devices"]:
        report.check(f"self-test on {test['device']}", test["passed"], test["error"] or "")


def measure_conversion(report: Report, photos: Path, work: Path, scale: Scale) -> None:
    network = measure_network(report, photos, work, scale)
    measure_folders(report, photos, work, scale, network)


def main(
    out: Annotated[Path, typer.Argument(help="folder for gpu.json and gpu.md")],
    photos: Annotated[Path, typer.Option(help="folder of photos")] = Path("assets/photos"),
    device: Annotated[str, typer.Option(help="cuda:N")] = "cuda:0",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="on the CPU, with tiny numbers")] = False,
) -> None:
    obstacle = None if dry_run else cuda_obstacle(parse_device(device)[1])
    if obstacle is not None:
        print(f"{device}: {obstacle}", file=sys.stderr)
        raise typer.Exit(3)
    from tools.bench.gpu_training import check_real_run, measure_training  # takes seconds, as it needs PyTorch

    scale = DRY if dry_run else Scale(device=device)
    report = Report(out, seconds=SECONDS, dry=dry_run)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (training := work / "training").mkdir()
        report.section("doctor", partial(examine, device=scale.device))
        report.section("parity", partial(check_parity, photos=photos, work=work, scale=scale), needs=20)
        report.section("conversion", partial(measure_conversion, photos=photos, work=work, scale=scale), needs=60)
        report.section(
            "real run",
            partial(
                check_real_run,
                photos=photos,
                work=work / "real",
                device=scale.device,
                seconds=0.5 if dry_run else 60,
                crop=32 if dry_run else 224,
            ),
            needs=100,
        )
        train = partial(measure_training, work=training, crop=32 if dry_run else 256, steps=1 if dry_run else 20)
        report.section("training", partial(train, methods=("pix2pix",)) if dry_run else train, needs=60)
    report.write()
    failed = [check["check"] for check in report.checks if not check["passed"]]
    print(f"{len(report.checks) - len(failed)} checks passed, {len(failed)} failed; {out / 'gpu.md'}")
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
