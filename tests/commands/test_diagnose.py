"""`translate diagnose`: its text, JSON and page, and what it refuses."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.diagnose.test_diagnosis import FAULTS, RUNS
from tests.helpers.command_line import RunCli
from tests.helpers.paths import PHOTOS
from translate.commands.terminal import flag
from translate.config import CONFIGS
from translate.diagnose.diagnosis import diagnose
from translate.diagnose.run_metrics import read_run

pytestmark = pytest.mark.slow

NOT_OF_TRAIN = {"--reference", "--against"}  # flags of diagnose and evaluate


def test_text_has_verdict_evidence_and_remedies(run_cli: RunCli) -> None:
    done = run_cli("diagnose", RUNS / "overfit")
    lines = done.out.decode().splitlines()
    assert done.code == 0 and done.err == ""
    assert re.fullmatch(r"overfit \(\d+%\): .+", lines[0])
    assert any(re.match(r"  evidence: val/l1 ended at \d", line) for line in lines)
    assert any("more training pairs" in line for line in lines if line.startswith("  try: "))


def test_json_holds_the_same(run_cli: RunCli) -> None:
    report = json.loads(run_cli("diagnose", RUNS / "underfit_optimisation", "--json").out)
    assert report["method"] == "pix2pix" and report["lines"] == 100
    first = report["verdicts"][0]
    assert first["name"] == "underfit" and 0 < first["confidence"] <= 1
    assert first["evidence"] and first["remedies"] and report["not_judged"] == {}
    other = json.loads(
        run_cli("diagnose", RUNS / "underfit_optimisation", "--reference", RUNS / "underfit_size", "--json").out
    )
    assert other["verdicts"][0]["evidence"] != first["evidence"]


@pytest.mark.parametrize("name", ["healthy", "mode_dropping", "learning_rate"])
def test_page_has_every_verdict_and_its_plot(run_cli: RunCli, tmp_path: Path, name: str) -> None:
    page = tmp_path / "page.html"
    done = run_cli("diagnose", RUNS / name, "-o", page)
    assert (done.code, done.err) == (0, f"wrote {page}\n")
    html = page.read_text()
    diagnosis = diagnose(read_run(RUNS / name))
    plots = [verdict.curves for verdict in diagnosis.verdicts if verdict.curves is not None]
    assert len(re.findall("<figcaption[^>]*>The evidence", html)) == len(plots)
    assert bool(plots) == (name != "healthy")
    assert html.count("<svg") > len(plots)
    for verdict in diagnosis.verdicts:
        assert verdict.case.replace("_", " ").capitalize() in html


def test_every_flag_in_a_remedy_exists() -> None:
    known = {flag(spec.name) for config in CONFIGS.values() for spec in fields(config)}
    report = [
        text
        for name in FAULTS
        for verdict in diagnose(read_run(RUNS / name)).verdicts
        for text in (*verdict.evidence, *verdict.remedies)
    ]
    named = {word for text in report for word in re.findall(r"--[a-z][a-z0-9-]*", text)}
    assert named - NOT_OF_TRAIN <= known and len(named) > 10


def write_drawings(folder: Path, count: int) -> Path:
    """Flat shapes of few colours, unlike any photo."""
    folder.mkdir()
    for index in range(count):
        drawing = Image.new("RGB", (96, 96), (255, 230 - 9 * index, 200))
        ImageDraw.Draw(drawing).ellipse((10 + index, 10, 60 + index, 80), fill=(10 * index, 40, 200), outline="black")
        drawing.save(folder / f"{index}.png")
    return folder


def write_photos(folder: Path, first: int, count: int) -> Path:
    """Square crops of the repository's photos."""
    folder.mkdir(parents=True)
    photos = sorted(PHOTOS.glob("*.jpg"))
    for index in range(first, first + count):
        photo, place = Image.open(photos[index % len(photos)]), 47 * (index // len(photos))
        photo.crop((place, place, place + 300, place + 300)).save(folder / f"{index}.png")
    return folder


def test_pictures_of_another_kind_than_trained_on(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The healthy run's settings name the folder data/photos, relative to where it was trained."""
    monkeypatch.chdir(tmp_path)
    write_photos(Path("data/photos"), 0, 24)
    drawings, photos = write_drawings(tmp_path / "drawings", 12), write_photos(tmp_path / "others", 24, 12)
    first = json.loads(run_cli("diagnose", RUNS / "healthy", "--test", drawings, "--json").out)["verdicts"][0]
    assert first["name"] == "mismatch" and "12 pictures" in first["evidence"][0]
    alike = json.loads(run_cli("diagnose", RUNS / "healthy", "--test", photos, "--json").out)
    assert [verdict["name"] for verdict in alike["verdicts"]] == ["healthy"] and alike["not_judged"] == {}


def test_missing_training_pictures_are_no_mismatch(run_cli: RunCli, tmp_path: Path) -> None:
    drawings = write_drawings(tmp_path / "drawings", 5)
    report = json.loads(run_cli("diagnose", RUNS / "healthy", "--test", drawings, "--json").out)
    assert report["verdicts"][0]["name"] == "healthy" and "where it was trained" in report["not_judged"]["mismatch"]


@pytest.mark.parametrize(
    ("log", "problem"),
    [
        (None, "metrics.jsonl cannot be read"),
        ("[1]\n", "line 1 is not a line of a log"),
        ('{"step": 1, "lr": 0.1}\nnonsense\n', "line 2 is not a line of a log"),
    ],
)
def test_a_log_that_cannot_be_read_is_one_line(run_cli: RunCli, tmp_path: Path, log: str | None, problem: str) -> None:
    (tmp_path / "config.json").write_text((RUNS / "healthy" / "config.json").read_text())
    if log is not None:
        (tmp_path / "metrics.jsonl").write_text(log)
    done = run_cli("diagnose", tmp_path)
    assert done.code == 2 and problem in done.err and len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    "config", ["{", "[]", '{"method": "magic"}', '{"method": ["cut"]}', '{"method": "cut", "lr": "much"}']
)
def test_settings_that_cannot_be_read_are_one_line(run_cli: RunCli, tmp_path: Path, config: str) -> None:
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "metrics.jsonl").write_text("")
    done = run_cli("diagnose", tmp_path)
    assert done.code == 2 and "config.json: is" in done.err and len(done.err.splitlines()) == 1


def test_other_methods_and_page_names_are_refused(run_cli: RunCli, tmp_path: Path) -> None:
    other = run_cli("diagnose", RUNS / "healthy", "--reference", RUNS / "collapse")
    assert other.code == 2 and "is of cut, the diagnosed run of pix2pix" in other.err
    page = run_cli("diagnose", RUNS / "healthy", "-o", tmp_path / "page.pdf")
    assert page.code == 2 and ".html" in page.err


def test_a_truncated_last_line_is_ignored_and_text_is_escaped(run_cli: RunCli, tmp_path: Path) -> None:
    run = tmp_path / "<b>run"
    run.mkdir()
    (run / "config.json").write_text((RUNS / "healthy" / "config.json").read_text())
    log = (RUNS / "healthy" / "metrics.jsonl").read_text()
    alarm = json.dumps({"step": 1000, "alarm": "<script>alert(1)</script>"})
    named = json.dumps({"step": 1000, "val/<script>": 1.0})
    (run / "metrics.jsonl").write_text(f'{log}{alarm}\n{named}\n{{"step": 1000, "G/l')
    done = run_cli("diagnose", run, "-o", tmp_path / "page.html")
    assert done.code == 0 and done.out.decode().startswith("healthy")
    html = (tmp_path / "page.html").read_text()
    assert "<script>" not in html and "<b>run" not in html and "&lt;script&gt;alert" in html
