"""`translate distill`: its options reach the request, and what it prints at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.command_line import RunCli
from translate.distillation import pipeline
from translate.distillation.measures import Measures
from translate.distillation.pipeline import Distilled
from translate.distillation.request import DistillRequest

pytestmark = pytest.mark.slow

MEASURES = Measures(
    psnr_db=28.04,
    ssim=0.9123,
    worst=("walks/3", 23.51),
    photo_psnr_db=19.96,
    psnr_int8_db=27.9,
    flicker_ratio=1.5,
    seconds_per_photo=0.51,
    seconds_int8=0.22,
    teacher_seconds=7.5,
    count=9,
    cores=2,
    file_bytes=1_000_000,
    int8_bytes=300_000,
)


def test_options_become_the_request(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[DistillRequest] = []

    def carry_out(request: DistillRequest, *, say: object) -> Distilled:
        asked.append(request)
        style, int8, card, preview = (request.output.with_suffix(end) for end in (".onnx", ".int8.onnx", ".md", ".jpg"))
        return Distilled(style, int8, card, preview, MEASURES, [], ["hardly anything was learnt"])

    monkeypatch.setattr(pipeline, "distill", carry_out)
    output = tmp_path / "dabs.onnx"
    done = run_cli(
        *("distill", tmp_path, "-o", output, "--teacher", "paint {input} {output}", "--minutes", 30, "--scale", 512),
        *("--workers", 3, "--timeout", 9, "--licence", "CC0", "--precision", "bf16", "--seed", 7),
        *("--max-steps", 90),
    )
    assert done.code == 0, done.err
    assert asked == [
        DistillRequest(
            photos=tmp_path,
            output=output,
            teacher="paint {input} {output}",
            minutes=30,
            max_steps=90,
            scale=512,
            workers=3,
            timeout=9,
            licence="CC0",
            precision="bf16",
            seed=7,
        )
    ]
    assert done.err.strip() == "hardly anything was learnt"
    lines = done.out.decode().splitlines()
    assert lines[0] == (
        f"{output}: 28.0 dB to the pictures of 9 held-out photos (untouched photos 20.0 dB), "
        "lowest 23.5 dB (walks/3), SSIM 0.912"
    )
    assert lines[1] == "0.51 s for a photo, 0.22 s in eight bits, 7.50 s by the teacher"
    assert f"--style {output.with_suffix('.int8.onnx')}" in lines[-1]


def test_explain_prints_the_plan(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "explain", lambda request: [f"scale: {request.scale}"])
    done = run_cli("distill", tmp_path, "-o", tmp_path / "a.onnx", "--pairs", tmp_path, "--scale", 300, "--explain")
    assert (done.code, done.out) == (0, b"scale: 300\n")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["-o", "style.pt"], "--output style.pt: give a name that ends in .onnx; give either --teacher 'command {in"),
        (
            ["-o", "a.onnx", "--teacher", "paint {input}"],
            "{input}: has to contain {input} and {output}",
        ),
        (["-o", "a.onnx", "--pairs", "x", "--minutes", "0"], "--minutes 0: has to be above 0"),
        (["-o", "a.onnx", "--pairs", "x", "--scale", "9999"], "--scale 9999: give 128 to 4096 pixels"),
        (["-o", "a.onnx", "--pairs", "x"], "no such folder"),
    ],
)
def test_refused_in_one_line(run_cli: RunCli, options: list[str], problem: str, tmp_path: Path) -> None:
    done = run_cli("distill", tmp_path / "missing", *options)
    assert done.code == 2 and done.err.startswith("translate: ") and problem in done.err
    assert done.err.count("\n") == 1
