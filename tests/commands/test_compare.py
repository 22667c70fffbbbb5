"""`translate compare`: the same photos through several models, in a table, on a page and on a sheet."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import tiny_config, write_pairs
from tests.helpers.paths import PHOTOS
from tests.helpers.pictures import draw_photo
from tests.report.test_page import Document
from translate.evaluate.comparison import Comparison, ModelResult, Sample, Source, find_files, find_sources
from translate.evaluate.comparison_report import MIN_COLUMN_WIDTH, draw_comparison, write_page
from translate.evaluate.pair_metrics import compare_pictures
from translate.media.sheet import GAP, LINE_HEIGHT
from translate.style.catalogue import find_style
from translate.style.translator import Translator
from translate.train.loop import train

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps with two checkpoints."""
    folder = tmp_path_factory.mktemp("run")
    train(tiny_config(*write_pairs(folder), folder / "mine", save_every=2))
    return folder / "mine"


def test_a_style_and_a_run_on_photos(run_cli: RunCli, run: Path, tmp_path: Path) -> None:
    page, sheet = tmp_path / "compare.html", tmp_path / "compare.png"
    options = ["--max-size", 96, "--count", 3, "--device", "cpu"]
    done = run_cli("compare", "cel", run, "--photos", PHOTOS, "-o", page, "-o", sheet, *options)
    assert done.code == 0, done.err
    assert f"wrote {page}\n" in done.err and f"wrote {sheet}\n" in done.err
    lines = done.out.decode().splitlines()
    assert [line.split()[0] for line in lines] == ["PSNR,", "cel", "mine"]
    document = Document(page.read_text(encoding="utf-8"))
    assert len(document.named("img")) == 9
    photos = sorted(path.stem for path in PHOTOS.glob("*.jpg"))
    for text in ("Comparison of models", "photo", "cel", "mine", photos[0], photos[-1]):
        assert text in document.texts
    with Image.open(sheet) as image:
        assert image.width == GAP + 3 * (MIN_COLUMN_WIDTH + GAP)


def test_metrics_are_those_of_the_styles_output(run_cli: RunCli, tmp_path: Path) -> None:
    pixels = draw_photo(60, 40)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    done = run_cli("compare", "cel", "--photos", tmp_path / "photo.png", "--device", "cpu", "--json")
    assert done.code == 0, done.err
    report = json.loads(done.out)
    assert (report["against"], report["photos"], report["unchanged"]) == ("photo", ["photo"], None)
    (model,) = report["models"]
    assert (model["name"], model["device"]) == ("cel", "cpu")
    assert model["file_bytes"] == find_style("cel").stat().st_size
    assert model["ms_per_megapixel"] > 0
    drawn = Translator(find_style("cel"), device="cpu")(pixels[np.newaxis])[0]
    expected = compare_pictures(drawn, pixels)
    assert model["figures"]["ssim"] == pytest.approx(expected.ssim, abs=1e-3)
    assert model["figures"]["l1"] == pytest.approx(expected.l1, abs=0.05)
    assert model["by_photo"] == [model["figures"]]


def test_against_the_truth(run_cli: RunCli, tiny_style: Path, tmp_path: Path) -> None:
    """If the truth is the style's own output, the style is perfect and the photo is not."""
    a, b = tmp_path / "a", tmp_path / "b"
    for name in ("one", "sub/two", "alone"):
        photo = draw_photo(50 + len(name), 40)
        truth = Translator(tiny_style, device="cpu")(photo[np.newaxis])[0]
        for folder, pixels, suffix in ((a, photo, ".png"), (b, truth, ".webp")):
            file = (folder / name).with_suffix(suffix)
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(file, lossless=True)
    (b / "alone.webp").unlink()
    done = run_cli("compare", tiny_style, "--photos", a, "--pairs", b, "--device", "cpu", "--json")
    assert done.code == 0, done.err
    assert done.err.count("skipped: ") == 1 and "alone.png: no picture of that name" in done.err
    report = json.loads(done.out)
    assert (report["against"], report["photos"]) == ("truth", ["one", "sub/two"])
    (model,) = report["models"]
    assert model["figures"]["psnr_db"] is None  # infinite
    assert model["figures"]["l1"] == 0
    assert report["unchanged"]["l1"] > 5 and report["unchanged"]["ssim"] < 0.9
    page = tmp_path / "page.html"
    done = run_cli("compare", tiny_style, "--photos", a, "--pairs", b, "--device", "cpu", "-o", page)
    assert done.out.decode().splitlines()[1].startswith("photo, unchanged")
    document = Document(page.read_text(encoding="utf-8"))
    assert len(document.named("img")) == 6 and "truth" in document.texts


def test_all_checkpoints_of_a_run(run_cli: RunCli, run: Path) -> None:
    photo = PHOTOS / "lake.jpg"
    options = ["--photos", photo, "--max-size", 48, "--device", "cpu", "--json"]
    done = run_cli("compare", run, "--checkpoints", "all", *options)
    assert done.code == 0, done.err
    models = json.loads(done.out)["models"]
    assert [model["name"] for model in models] == ["mine, step 2", "mine, step 4"]
    assert models[0]["figures"] != models[1]["figures"]
    assert find_sources([str(run)]) == [Source("mine", str(run))]


def test_domains(run_cli: RunCli, season_style: Path, tiny_style: Path, photo: Path) -> None:
    found = {}
    for domain in ("spring", "autumn"):
        options = ["--photos", photo, "--domain", domain, "--device", "cpu", "--json"]
        done = run_cli("compare", season_style, tiny_style, *options)
        assert done.code == 0, done.err
        found[domain] = [model["figures"] for model in json.loads(done.out)["models"]]
    assert found["spring"][0] != found["autumn"][0]
    assert found["spring"][1] == found["autumn"][1]


def test_a_broken_photo_does_not_stop_the_others(run_cli: RunCli, tiny_style: Path, tmp_path: Path) -> None:
    for number in range(3):
        Image.fromarray(draw_photo(30, 20)).save(tmp_path / f"{number}.png")
    (tmp_path / "1.png").write_bytes(b"broken")
    done = run_cli("compare", tiny_style, "--photos", tmp_path, "--device", "cpu", "--json")
    assert done.code == 1
    assert "failed:" in done.err and "1.png" in done.err
    assert json.loads(done.out)["photos"] == ["0", "2"]
    done = run_cli("compare", tiny_style, "--photos", tmp_path / "1.png")
    assert done.code == 1 and len(done.err.splitlines()) == 1 and not done.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{style}", "--photos", "{photo}", "-o", "page.pdf"], 2, "--output page.pdf: give a name that ends in"),
        (["{style}", "--photos", ".", "-o", "page.png"], 2, "--output page.png: is among the photos or the pairs"),
        (["{style}", "--photos", "{photo}", "--pairs", "empty", "-o", "empty/page.html"], 2, "is among the photos"),
        (["{style}", "--photos", "missing"], 2, "--photos missing: no such file or folder"),
        (["{style}", "--photos", "empty"], 2, "--photos empty: holds no pictures"),
        (["{style}", "--photos", "{photo}", "--pairs", "empty"], 2, "--pairs: needs --photos to be one folder"),
        (["{style}", "--photos", ".", "--pairs", "empty"], 2, "no picture has the same name as one in ."),
        (["{style}", "--photos", ".", "--pairs", "other"], 1, "photo.png: is 8x6, its partner photo.jpg is 61x47"),
        (["{style}", "--photos", "{photo}", "--domain", "x"], 2, "--domain x: no model has domains"),
        (
            ["{style}", "--photos", "{photo}", "--checkpoints", "all"],
            2,
            "--checkpoints all: {style}: none is the folder",
        ),
        (["{season}", "--photos", "{photo}"], 2, "say which with --domain"),
        (["none", "--photos", "{photo}"], 3, "none: neither a shipped style"),
        (["{style}", "--photos", "{photo}", "--device", "tpu"], 2, "--device tpu: give auto"),
    ],
)
def test_errors_are_one_line(
    arguments: list[str],
    code: int,
    message: str,
    run_cli: RunCli,
    photo: Path,
    tiny_style: Path,
    season_style: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    named = {"style": str(tiny_style), "season": str(season_style), "photo": str(photo)}
    if "other" in arguments:
        arguments = [argument if argument != "." else "photos" for argument in arguments]
        message = message.replace("photo.jpg", str(Path("photos") / "photo.jpg"))
        for folder in ("photos", "other"):
            (tmp_path / folder).mkdir()
        photo.rename(tmp_path / "photos" / "photo.jpg")
        Image.fromarray(draw_photo(8, 6)).save(tmp_path / "other" / "photo.png")
    done = run_cli("compare", *(argument.format(**named) for argument in arguments))
    assert (done.code, len(done.err.splitlines())) == (code, 1), done.err
    assert message.format(**named) in done.err and not done.out
    assert not list(tmp_path.glob("page.*"))


def test_photos_are_evenly_spaced(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.png").touch()
    files, _ = find_files([tmp_path], None, 3)
    assert [each.name for each in files] == ["0", "4", "8"]
    files, _ = find_files([tmp_path / "7.png", tmp_path], None, 99)
    assert [each.name for each in files] == ["7", *map(str, range(9))]


def test_models_of_the_same_name_are_shown_by_path(run: Path, tmp_path: Path) -> None:
    files = [tmp_path / "cel.onnx", tmp_path / "here" / "mine.onnx", tmp_path / "there" / "mine.onnx"]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        file.touch()
    sources = find_sources(["cel", *map(str, files), str(run / "checkpoints" / "step-000000002"), str(run)])
    assert [source.name for source in sources] == ["cel", "cel.onnx", *map(str, files[1:]), "mine, step 2", "mine"]


def comparison(names: list[str], *, truth: bool = False) -> Comparison:
    """Uniform pictures: the photo grey, each model another grey, the truth white."""
    samples = [Sample(f"photo {number}", np.full((20 + number, 30, 3), 128, np.uint8), None) for number in range(2)]
    if truth:
        samples = [Sample(sample.name, sample.photo, np.full_like(sample.photo, 255)) for sample in samples]
    results = []
    for number, name in enumerate(names):
        pictures = [np.full_like(sample.photo, 10 * (number + 1)) for sample in samples]
        metrics = [compare_pictures(*both) for both in zip(pictures, (s.reference for s in samples), strict=True)]
        results.append(ModelResult(Source(name, name), pictures, metrics, 12.3, 4_560_000, "cpu", has_domains=False))
    return Comparison(samples, results)


@pytest.mark.parametrize("truth", [False, True])
def test_the_sheet_shows_every_picture_and_text(truth: bool) -> None:
    sheet = draw_comparison(comparison(["one", "a/very/long/name" * 20], truth=truth))
    greys = [128, 10, 20, 255][: 4 if truth else 3]
    assert sheet.shape[1] == GAP + len(greys) * (MIN_COLUMN_WIDTH + GAP)
    first = GAP + LINE_HEIGHT + GAP
    for row, (top, height) in enumerate([(first, 20), (first + 20 + LINE_HEIGHT + GAP, 21)]):
        for column, grey in enumerate(greys):
            left = GAP + column * (MIN_COLUMN_WIDTH + GAP)
            assert (sheet[top : top + height, left : left + 30] == grey).all(), (row, column)
    for column in range(len(greys)):  # a name above each column, not wider than it
        left = GAP + column * (MIN_COLUMN_WIDTH + GAP)
        assert (sheet[GAP : GAP + LINE_HEIGHT - 2, left : left + MIN_COLUMN_WIDTH] < 100).any()
        assert (sheet[: GAP + LINE_HEIGHT - 2, left - GAP : left] == 255).all()
    below = sheet[first + 20 + 21 + 2 * (LINE_HEIGHT + GAP) :]
    for column in range(3):  # text below the photo and the models
        left = GAP + column * (MIN_COLUMN_WIDTH + GAP)
        assert (below[:, left : left + MIN_COLUMN_WIDTH] < 100).any()


def test_names_are_escaped(tmp_path: Path) -> None:
    write_page(comparison(["<b>bold</b>"]), tmp_path / "page.html")
    document = Document((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert not document.named("b") and document.texts.count("<b>bold</b>") == 2
