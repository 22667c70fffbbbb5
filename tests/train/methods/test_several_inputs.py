"""pix2pix with several pictures per input: trained, resumed, exported, put through, refused elsewhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.helpers.checkpoints import assert_same_checkpoint
from tests.helpers.command_line import RunCli
from tests.helpers.pairs import picture, tiny_settings, write_pairs
from translate.config import Pix2PixConfig
from translate.data.datasets import load_pairs
from translate.data.loader import Key
from translate.errors import UserError
from translate.media.images import load_rgb, to_signed_unit
from translate.style.session import read_style
from translate.style.translator import Translator
from translate.train.loop import train
from translate.train.methods.pix2pix import names_of
from translate.weights.checkpoint import load_generator


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs in ``a`` and ``b``, and other pictures of the same names in ``marks``."""
    folder = tmp_path_factory.mktemp("folders")
    a, _ = write_pairs(folder)
    for number, path in enumerate(sorted(a.rglob("*.png"))):
        marks = folder / "marks" / path.relative_to(a)
        marks.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture(100 + number)).save(marks)
    return folder


def config(folders: Path, out: Path, **changes: object) -> Pix2PixConfig:
    settings = tiny_settings(folders, folders / "b", out, a=None, inputs=[folders / "a", folders / "marks"])
    return Pix2PixConfig.from_dict(settings | changes)


@pytest.fixture(scope="module")
def run(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run") / "heads"
    train(config(folders, out, sample_every=4, steps=2), quiet=True)
    train(config(folders, out, sample_every=4), quiet=True)
    return out


@pytest.fixture(scope="module")
def style(run: Path) -> Path:
    from translate.export.to_onnx import export_style, load_run

    file = run.parent / "heads.onnx"
    export_style(*load_run(run, "AtoB", title="heads"), file)
    return file


def test_the_inputs_of_a_sample_are_cropped_and_mirrored_alike(folders: Path, tmp_path: Path) -> None:
    twice = load_pairs(config(folders, tmp_path, inputs=[folders / "a", folders / "a"], val_samples=0))
    for number in range(4):
        sample = twice.training[Key(number, number)]
        assert sample["A"].shape == (6, 24, 24)
        assert torch.equal(sample["A"][:3], sample["A"][3:])
        assert int((sample["A"][:3].int() + sample["B"] - 255).abs().max()) <= 1  # B is A inverted
    data = load_pairs(config(folders, tmp_path, crop=36))
    first, marks = sorted((folders / "a").rglob("*.png"))[0], sorted((folders / "marks").rglob("*.png"))[0]
    sample = data.validation[Key(0, 0)]
    for part, path in zip(sample["A"].split(3), (first, marks), strict=True):
        np.testing.assert_array_equal(part.permute(1, 2, 0).numpy(), load_rgb(path)[:, 2:38])


def test_a_resumed_run_equals_one_without_a_stop(folders: Path, run: Path, tmp_path: Path) -> None:
    train(config(folders, tmp_path / "whole", sample_every=0), quiet=True)
    last = "checkpoints/step-000000004"
    assert_same_checkpoint(tmp_path / "whole" / last, run / last)


def test_the_grid_shows_every_input(run: Path) -> None:
    with Image.open(run / "samples" / "step-000000004.png") as grid:
        assert grid.width > 4 * 192  # four columns: both inputs, the result and the target


@pytest.mark.slow
def test_the_style_takes_the_pictures_in_its_channels(folders: Path, run: Path, style: Path) -> None:
    info = read_style(style)
    assert info.inputs == ["a", "marks"] and info.pictures == 2
    face, marks = (load_rgb(folders / name / "0.png") for name in ("a", "marks"))
    together = np.concatenate([face, marks], axis=2)[None]
    generator, _ = load_generator(run)
    x = to_signed_unit(torch.from_numpy(together).permute(0, 3, 1, 2).float())
    with torch.no_grad():
        expected = (generator(x)[0].permute(1, 2, 0).numpy().clip(-1, 1) + 1) * 127.5
    assert np.abs(Translator(style, device="cpu", inputs=2)(together)[0] - expected).max() < 1.01


@pytest.mark.slow
def test_one_command_makes_a_picture_or_a_film(folders: Path, style: Path, tmp_path: Path, run_cli: RunCli) -> None:
    face, marks = folders / "a" / "0.png", folders / "marks"
    one = run_cli("sample", style, "--inputs", face, "--inputs", marks / "0.png", "-o", tmp_path / "one.png")
    assert (one.code, one.err) == (0, f"wrote {tmp_path / 'one.png'}\n")
    assert run_cli("sample", style, "--inputs", face, "--drive", marks, "-o", tmp_path / "frames").code == 0
    made = sorted(path.relative_to(tmp_path / "frames") for path in (tmp_path / "frames").rglob("*.png"))
    assert made == sorted(path.relative_to(marks) for path in marks.rglob("*.png"))
    np.testing.assert_array_equal(load_rgb(tmp_path / "frames" / "0.png"), load_rgb(tmp_path / "one.png"))
    assert run_cli("sample", style, "--inputs", face, "--drive", marks, "-o", tmp_path / "talking.gif").code == 0
    with Image.open(tmp_path / "talking.gif") as film:
        assert film.n_frames == 6  # type: ignore[attr-defined]
    pytest.importorskip("av")
    moving = tmp_path / "marks.mp4"
    from translate.media.video.decode import probe
    from translate.media.video.write import write_video

    write_video(moving, [load_rgb(path) for path in sorted(marks.rglob("*.png"))], rate=12)
    assert run_cli("sample", style, "--inputs", face, "--drive", moving, "-o", tmp_path / "talking.mp4").code == 0
    talking = probe(tmp_path / "talking.mp4")
    assert (talking.frames, talking.width, talking.height) == (6, 40, 36) and talking.rate == 12


@pytest.mark.slow
def test_what_does_not_suit_is_refused_in_one_line(
    folders: Path, run: Path, style: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    face, marks = folders / "a" / "0.png", folders / "marks"
    small = tmp_path / "small.png"
    Image.fromarray(picture(1, width=20, height=20)).save(small)
    refused = {
        ("convert", face, "-o", tmp_path / "x.png", "--style", style): "2 pictures together (a, marks); use",
        (
            "export",
            run,
            "-o",
            tmp_path / "x.onnx",
            "--prune",
            "--calibration",
            marks,
        ): "and --calibration has",
        ("sample", style, "--inputs", face, "-o", tmp_path / "x.png"): "2 pictures together (a, marks)",
        ("sample", style, "--inputs", face, "--inputs", small, "-o", tmp_path / "x.png"): "20x20, but",
        ("sample", style, "--inputs", face, "--drive", small, "-o", tmp_path / "x.mp4"): "a folder of pictures, or a",
        ("sample", style, "--inputs", face, "--drive", marks, "-o", tmp_path / "x.png"): "makes a film",
        ("sample", style, "--inputs", face, "--inputs", face, "-o", tmp_path / "x.mp4"): "makes one picture",
    }
    for arguments, problem in refused.items():
        done = run_cli(*arguments)
        assert done.code != 0 and problem in done.err and len(done.err.splitlines()) == 1, done.err
    assert not list(tmp_path.glob("x.*"))


def test_inputs_without_partners_are_named(folders: Path, tmp_path: Path, run_cli: RunCli) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    (marks / "0.png").write_bytes((folders / "marks" / "0.png").read_bytes())
    with pytest.raises(UserError, match=r"no picture of that name in .*marks"):
        load_pairs(config(folders, tmp_path, inputs=[folders / "a", marks]))
    checked = run_cli("data", "check", "--inputs", folders / "a", "--inputs", folders / "marks", "--b", folders / "b")
    assert checked.code == 0 and "6 pairs" in checked.err


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"inputs": ["one"]}, "give 2 to 4 folders, not 1"),
        ({"b": None}, "needs b DIR"),
        ({"a": "more"}, "does not go with a;"),
        ({"direction": "BtoA"}, "does not go with direction BtoA"),
    ],
)
def test_settings_that_contradict_inputs(folders: Path, changes: dict[str, object], problem: str) -> None:
    with pytest.raises(UserError, match=problem):
        config(folders, folders / "never", **changes)


def test_names_tell_folders_apart() -> None:
    assert names_of([Path("train/faces"), Path("train/marks")]) == ["faces", "marks"]
    assert names_of([Path("faces/train"), Path("marks/train")]) == ["faces/train", "marks/train"]
    assert names_of([Path("faces"), Path("faces")]) == ["faces 1", "faces 2"]
