"""The verdicts on near copies, missing kinds, memorised pictures and honest ones.

Pictures are crops of six photos; each photo is a kind of picture.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.paths import PHOTOS as PHOTO_FOLDER
from tests.helpers.pictures import draw_photo
from tests.helpers.styles import style_info, write_style
from translate.commands.evaluate import translate_all
from translate.errors import UserError
from translate.evaluate.evaluation import Evaluation, Pictures, evaluate, match_by_name
from translate.evaluate.extractors import Extractor, build_extractor
from translate.evaluate.features import Clock
from translate.evaluate.report import MEANINGS, as_dict, rows, write_page
from translate.evaluate.verdicts import judge
from translate.media.images import load_rgb

pytestmark = pytest.mark.slow

PHOTOS = sorted(PHOTO_FOLDER.glob("*.jpg"))
COUNT = 42
SIDES = 96, 200  # pixels of a crop


def random_crop(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    side = int(rng.integers(*SIDES))
    left, top = (int(rng.integers(0, length - side)) for length in photo.size)
    return photo.crop((left, top, left + side, top + side))


def near_copy(photo: Image.Image, rng: np.random.Generator) -> Image.Image:
    left, top = 100 + rng.integers(-4, 5, 2)
    return photo.crop((int(left), int(top), int(left) + 150, int(top) + 150))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    base = tmp_path_factory.mktemp("crops")

    def write(name: str, photos: list[Path], crop: Callable[..., Image.Image], seed: int) -> None:
        rng = np.random.default_rng(seed)
        (base / name).mkdir()
        opened = [Image.open(photo).convert("RGB") for photo in photos]
        for number in range(COUNT):
            crop(opened[number % len(opened)], rng).save(base / name / f"{number:02}.png")

    for seed, name in enumerate(("training", "real", "honest")):
        write(name, PHOTOS, random_crop, seed)
    write("dropping", PHOTOS[:2], random_crop, 3)
    write("collapsed", PHOTOS[2:3], near_copy, 4)
    (base / "memorised").mkdir()
    for path in (base / "training").iterdir():
        Image.open(path).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(base / "memorised" / path.name)
    return {path.name: path for path in base.iterdir()}


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return build_extractor("efficientnet-lite0", device="cpu")


@pytest.fixture(scope="module")
def evaluated(
    folders: dict[str, Path], extractor: Extractor, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Evaluation]:
    """Evaluations of folders against the real pictures; against training pictures too, where they matter."""
    cache_folder = tmp_path_factory.mktemp("cache")

    @cache
    def look_up(name: str) -> Evaluation:
        training = Pictures.below(folders["training"]) if name in ("memorised", "honest") else None
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TRANSLATE_CACHE", str(cache_folder))
            outputs, real = Pictures.below(folders[name]), Pictures.below(folders["real"])
            return evaluate(outputs, real, extractor, training=training)

    return look_up


@pytest.mark.parametrize(
    ("folder", "case"),
    [("collapsed", "collapsed"), ("dropping", "dropping"), ("memorised", "memorised"), ("honest", "sound")],
)
def test_the_verdict(evaluated: Callable[[str], Evaluation], folder: str, case: str) -> None:
    assert [verdict.case for verdict in evaluated(folder).verdicts] == [case]


def test_memorised_pictures_are_found_with_their_variant(evaluated: Callable[[str], Evaluation]) -> None:
    found, other = evaluated("memorised").memorisation, evaluated("honest").memorisation
    assert found is not None and other is not None
    assert found.outputs.variant == ["mirrored"] * COUNT
    assert found.outputs.index.tolist() == list(range(COUNT))
    assert found.outputs.distance.max() < found.close / 10
    assert found.share == 1 and other.share < 0.15


def test_fid_falls_with_the_number_of_pictures_even_between_real_ones(evaluated: Callable[[str], Evaluation]) -> None:
    found = evaluated("honest")
    means = [spread.mean for spread in found.curve.real]
    assert found.curve.real_counts == [3, 5, 10, 21]
    assert means == sorted(means, reverse=True) and means[0] > 1.5 * means[-1]
    assert found.metrics["fid_of_real"] == means[-1] and found.curve.outputs[-1].mean == pytest.approx(
        found.metrics["fid"]
    )
    assert "42 pictures are few for FID" in found.notes[0] and f"{means[-1]:.1f}" in found.notes[0]
    assert found.metrics["kid"] == pytest.approx(0, abs=3 * found.deviations["kid"])


def test_metrics_grow_with_the_difference(evaluated: Callable[[str], Evaluation]) -> None:
    honest, dropping, collapsed = (evaluated(name).metrics for name in ("honest", "dropping", "collapsed"))
    for name in ("fid", "kid", "mmd_content", "mmd_texture"):
        assert honest[name] < dropping[name] < collapsed[name]
    for name in ("recall", "coverage", "diversity", "perceptual_diversity"):
        assert honest[name] > dropping[name] > collapsed[name]


def test_report(evaluated: Callable[[str], Evaluation], tmp_path: Path) -> None:
    found = evaluated("memorised")
    assert {name.removesuffix("_of_real") for name in found.metrics} <= MEANINGS.keys()
    assert all(row[1] != "–" for row in rows(found))
    report = json.loads(json.dumps(as_dict(found)))
    assert report["verdicts"][0]["case"] == "memorised" and report["counts"]["outputs"] == COUNT
    assert {"decode", "features", "figures"} <= report["seconds"].keys()
    write_page(found, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    for part in ("Memorised", "FID by the number of pictures", "its bias", "Nearest training pictures", "<svg"):
        assert part in page
    assert page.count("data:image/") >= 8 * 4


def test_too_few_pictures_are_not_judged() -> None:
    verdicts = judge({"diversity": 0.1}, {"outputs": 7, "real pictures": 50})
    assert [verdict.case for verdict in verdicts] == ["too few"] and "7 outputs" in verdicts[0].text


def test_outputs_unlike_the_real_pictures(folders: dict[str, Path], extractor: Extractor, tmp_path: Path) -> None:
    """Noise does not lie among the real pictures, whatever its variety."""
    rng = np.random.default_rng(0)
    for number in range(20):
        noise = rng.integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(noise).resize((128, 128)).save(tmp_path / f"{number}.png")
    found = evaluate(Pictures.below(tmp_path), Pictures.below(folders["real"]), extractor)
    assert "unlike" in [verdict.case for verdict in found.verdicts] and found.metrics["precision"] == 0


def test_truths_and_photos_match_by_name(folders: dict[str, Path], extractor: Extractor, tmp_path: Path) -> None:
    """Truths may have other suffixes and sizes, and some may be missing."""
    for path in sorted(folders["honest"].iterdir())[:10]:
        picture = Image.open(path)
        picture.resize((picture.width * 2, picture.height * 2)).save(tmp_path / f"{path.stem}.bmp")
    outputs = Pictures.below(folders["honest"])
    truths = Pictures.below(tmp_path)
    assert len(match_by_name(outputs, truths)) == 10
    found = evaluate(
        outputs, Pictures.below(folders["real"]), extractor, truths=truths, photos=Pictures.below(folders["training"])
    )
    assert found.counts["outputs with their truth"] == 10 and found.counts["outputs with their photo"] == COUNT
    assert found.metrics["truth_psnr_db"] > 30 and found.metrics["truth_ssim"] > 0.9
    assert found.metrics["truth_l1"] < found.metrics["photo_l1"] / 5
    with pytest.raises(UserError, match="no picture has the same name as one in"):
        match_by_name(outputs, Pictures(PHOTOS[0].parent, PHOTOS))


def test_counts_and_folders_that_are_refused(folders: dict[str, Path], extractor: Extractor, tmp_path: Path) -> None:
    chosen = Pictures.below(folders["real"], 5)
    assert [path.stem for path in chosen.paths] == ["00", "10", "20", "31", "41"]
    with pytest.raises(UserError, match="holds 0 pictures; at least 4 are needed"):
        Pictures.below(tmp_path)
    with pytest.raises(UserError, match=r"training .*real: is also real"):
        evaluate(chosen, chosen, extractor, training=chosen)


def test_the_command_on_folders(folders: dict[str, Path], run_cli: RunCli, tmp_path: Path) -> None:
    given = ("evaluate", folders["dropping"], "--real", folders["real"], "--count", 24, "--device", "cpu")
    done = run_cli(*map(str, given), "-o", str(tmp_path / "page.html"))
    assert done.code == 0 and (tmp_path / "page.html").is_file()
    shown = done.out.decode()
    assert "recall" in shown and "dropping: " in shown and "24 pictures are few for FID" in shown
    assert "efficientnet-lite0, 224 pixels" in shown and "features " in done.err
    assert f"wrote {tmp_path / 'page.html'}\n" in done.err
    report = json.loads(run_cli(*map(str, given), "--json").out)
    assert report["outputs"] == str(folders["dropping"]) and f"{report['figures']['recall']:.4g}" in shown


def test_the_command_on_a_model(folders: dict[str, Path], run_cli: RunCli, tmp_path: Path) -> None:
    done = run_cli(
        *("evaluate", "cel", "--real", str(folders["real"]), "--photos", str(folders["honest"]), "--count", "8"),
        *("--device", "cpu", "--json", "--save", str(tmp_path / "kept")),
    )
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert report["outputs"] == "cel" and report["counts"] == {
        "outputs": 8,
        "real pictures": 8,
        "outputs with their photo": 8,
    }
    assert 0.3 < report["figures"]["photo_edge_agreement"] < 1 and report["verdicts"][0]["case"] == "too few"
    assert len(list((tmp_path / "kept").iterdir())) == 8 and "translate" in report["seconds"]


def test_a_models_outputs_are_those_of_convert(tmp_path: Path, run_cli: RunCli) -> None:
    style = write_style(tmp_path / "sized.onnx", info=style_info(working_size=64))
    (tmp_path / "photos").mkdir()
    for number in range(4):
        Image.fromarray(draw_photo(80 + number, 60)).save(tmp_path / "photos" / f"{number}.png")
    photos, saved_in, clock = tmp_path / "photos", tmp_path / "saved", Clock()
    translate_all(str(style), photos, saved_in, count=None, device="cpu", size=None, domain=None, clock=clock)
    assert run_cli("convert", tmp_path / "photos", "-o", tmp_path / "out", "-s", style, "-d", "cpu").code == 0
    for number in range(4):
        saved, made = (load_rgb(tmp_path / folder / f"{number}.png") for folder in ("saved", "out"))
        np.testing.assert_array_equal(saved, made)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cel", "--real", "real"], "cel: is a model; give --photos DIR"),
        (["missing", "--real", "real", "--photos", "real"], "missing"),
        (["real", "--real", "missing"], "missing: no such folder"),
        (["real", "--real", "real", "--max-size", "9"], "is a folder of outputs"),
        (["real", "--real", "real", "-o", "page.txt"], "--output page.txt: give a name that ends in .html"),
        (["real", "--real", "real", "--network", "resnet"], "--network resnet: give"),
    ],
)
def test_errors_of_the_command_are_one_line(
    arguments: list[str], message: str, folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, run_cli: RunCli
) -> None:
    monkeypatch.chdir(folders["real"].parent)
    done = run_cli("evaluate", *arguments)
    assert done.code in (2, 3) and message in done.err and len(done.err.splitlines()) == 1
