"""`translate sample`: files by the name of the output, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import write_pictures
from tests.helpers.pictures import files_below
from tests.helpers.samplers import CONDITIONS, SIZE, sampler_info, write_sampler
from translate.media.sheet import GAP, LINE_HEIGHT
from translate.style import catalogue
from translate.style.catalogue import SAMPLERS
from translate.style.latents import noise, slerp
from translate.style.sampler import Sampler


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    return write_sampler(tmp_path / "flat.onnx")


def colours(path: Path, count: int, columns: int) -> list[list[int]]:
    """The colour of each picture of a grid."""
    sheet = np.array(Image.open(path))
    step, middle = SIZE + 2, SIZE // 2
    return [sheet[middle + step * (n // columns), middle + step * (n % columns)].tolist() for n in range(count)]


def made(flat: Path, *seeds: int) -> list[list[int]]:
    return [picture[0, 0].tolist() for picture in Sampler(flat, device="cpu").pictures(seeds)]


def test_a_folder_gets_a_picture_for_each_seed(flat: Path, tmp_path: Path, run_cli: RunCli) -> None:
    done = run_cli("sample", flat, "-n", 3, "--seed", 7, "-o", tmp_path / "made")
    assert (done.code, done.err) == (0, f"wrote {tmp_path / 'made'}\n")
    assert files_below(tmp_path / "made") == {f"seed-00000{seed}.png" for seed in (7, 8, 9)}
    assert np.array(Image.open(tmp_path / "made" / "seed-000008.png"))[0, 0].tolist() == made(flat, 8)[0]
    again = run_cli("sample", flat, "-n", 1, "--seed", 8, "-o", tmp_path / "made")
    assert again.code == 2 and "exists already; give another --output, or --overwrite" in again.err
    assert run_cli("sample", flat, "-n", 1, "--seed", 8, "-o", tmp_path / "made", "--overwrite").code == 0


def test_a_picture_gets_a_grid(flat: Path, tmp_path: Path, run_cli: RunCli) -> None:
    assert run_cli("sample", flat, "-o", tmp_path / "grid.png").code == 0
    assert colours(tmp_path / "grid.png", 64, 8) == made(flat, *range(64))


def test_a_walk_as_gif_strip_and_folder(flat: Path, tmp_path: Path, run_cli: RunCli) -> None:
    options = ("--seed", 2, "-n", 3, "--frames", 4)
    assert run_cli("sample", flat, *options, "-o", tmp_path / "walk.gif").code == 0
    with Image.open(tmp_path / "walk.gif") as film:
        assert film.n_frames == 12  # type: ignore[attr-defined]
    assert run_cli("sample", flat, *options, "--walk", "-o", tmp_path / "strip.png").code == 0
    assert colours(tmp_path / "strip.png", 12, 4)[::4] == made(flat, 2, 3, 4)
    assert run_cli("sample", flat, *options, "--walk", "-o", tmp_path / "frames").code == 0
    assert len(files_below(tmp_path / "frames")) == 12


def test_mixing_goes_from_one_seed_to_the_other(flat: Path, tmp_path: Path, run_cli: RunCli) -> None:
    assert run_cli("sample", flat, "--mix", 5, 9, "-n", 5, "-o", tmp_path / "mix.png").code == 0
    found = colours(tmp_path / "mix.png", 5, 5)
    assert [found[0], found[-1]] == made(flat, 5, 9)
    start, end = noise([5, 9], 3)
    middle = slerp(start, end, np.array([0.5]))
    assert found[2] == Sampler(flat, device="cpu").from_noise(middle)[0, 0, 0].tolist()


@pytest.fixture
def conditional(tmp_path: Path) -> Path:
    return write_sampler(tmp_path / "conditional.onnx", info=sampler_info(condition=CONDITIONS.to_json()))


def test_a_grid_names_its_conditions(conditional: Path, tmp_path: Path, run_cli: RunCli) -> None:
    options = ("--condition", "red=2", "--sweep", "blue=-2,2", "-n", 3)
    assert run_cli("sample", conditional, *options, "-o", tmp_path / "grid.png").code == 0
    sheet = np.array(Image.open(tmp_path / "grid.png"))
    row = GAP + SIZE + LINE_HEIGHT + GAP  # from one condition to the next
    drawn = Sampler(conditional, device="cpu")
    for top, value in ((GAP, -2), (row, 2)):
        expected = drawn.conditioned(noise([0, 1, 2], 3), np.array([2, 0, value], np.float32))[:, 0, 0]
        found = [sheet[top + 2, GAP + 2 + (SIZE + 2) * column].tolist() for column in range(3)]
        assert found == expected.tolist()
        title = sheet[top + SIZE : top + SIZE + LINE_HEIGHT]
        assert title.min() < 100  # ink
    done = run_cli("sample", conditional, *options, "-o", tmp_path / "made")
    assert done.code == 0, done.err
    assert files_below(tmp_path / "made") == {
        f"blue-{value}/seed-00000{seed}.png" for value in (-2, 2) for seed in (0, 1, 2)
    }


def test_conditions_that_cannot_be_drawn_are_refused(
    flat: Path, conditional: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    for model, options, problem in (
        (flat, ("--condition", "red"), "--condition: this sampler takes no condition"),
        (conditional, (), "--condition: this sampler needs one: its attributes are red, green, blue"),
        (conditional, ("--condition", "hat"), "--condition hat: is no attribute that was learnt"),
        (conditional, ("--condition", "red", "--strength", 2), "--strength 2: 'Flat' was not trained for it"),
        (conditional, ("--sweep", "red=0,1", "--walk"), "--condition: 2 of them; one at a time with --walk"),
    ):
        done = run_cli("sample", model, *options, "-o", tmp_path / "grid.png")
        assert done.code == 2 and problem in done.err and len(done.err.splitlines()) == 1, done.err
        assert not (tmp_path / "grid.png").exists()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("-n", 0), "--count 0: has to be from 1 to 100000"),
        (("--seed", -1), "--seed -1: has to be from 0 to"),
        (("--seed", 2**32), "--seed 4294967296: has to be from 0 to"),
        (("--mix", 0, -5), "--seed -5: has to be from 0 to"),
        (("--truncation", 0), "--truncation 0: has to be at least 0.1"),
        (("--walk", "--mix", 1, 2), "--walk and --mix exclude each other"),
        (("--project", "photo.png"), "needs gradients, which"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    options: tuple[object, ...], problem: str, flat: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    done = run_cli("sample", flat, *options, "-o", tmp_path / "grid.png")
    assert done.code == 2 and problem in done.err and len(done.err.splitlines()) == 1
    assert not (tmp_path / "grid.png").exists()


def test_a_style_given_to_sample_and_a_sampler_to_convert(
    flat: Path, tiny_style: Path, photo: Path, tmp_path: Path, run_cli: RunCli
) -> None:
    done = run_cli("sample", "cel", "-o", tmp_path / "grid.png")
    assert done.code == 3 and "cel: is a style" in done.err and "`translate convert --style`" in done.err
    done = run_cli("sample", tiny_style, "-o", tmp_path / "grid.png")
    assert done.code == 3 and "it is a style" in done.err and "`translate convert`" in done.err
    done = run_cli("convert", photo, "--style", flat, "-o", tmp_path / "drawn.png")
    assert done.code == 3 and "makes pictures from noise" in done.err and "`translate sample" in done.err
    assert len(done.err.splitlines()) == 1


def test_names_that_cannot_be_written(flat: Path, tmp_path: Path, run_cli: RunCli) -> None:
    done = run_cli("sample", flat, "-o", tmp_path / "x.txt")
    assert done.code == 2 and "give a folder, or a name that ends in .png" in done.err
    done = run_cli("sample", flat, "--nearest", tmp_path, "-o", tmp_path / "made")
    assert done.code == 2 and "--nearest makes one picture" in done.err


def test_a_file_is_sampled_without_pytorch(flat: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from translate import cli; sys.modules['torch'] = None; "
        f"sys.argv = ['translate', 'sample', {str(flat)!r}, '-n', '2', '-o', {str(tmp_path / 'grid.png')!r}]; "
        "cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "grid.png").is_file()


def test_a_shipped_sampler_goes_before_a_folder_of_pictures(
    flat: Path, tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shipped" / SAMPLERS).mkdir(parents=True)
    flat.rename(tmp_path / "shipped" / SAMPLERS / "faces.onnx")
    monkeypatch.setattr(catalogue, "FOLDERS", (tmp_path / "shipped",))
    monkeypatch.chdir(tmp_path)
    write_pictures(tmp_path / "faces", 1)
    assert run_cli("sample", "faces", "-n", "1", "-o", "new.png").code == 0
    (tmp_path / "faces" / "config.json").write_text("{}")  # now it is a run
    assert run_cli("sample", "faces", "-n", "1", "-o", "other.png").code == 2
