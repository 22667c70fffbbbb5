import json
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from rich.console import Console

from models.features import FEATURE_NETWORKS
from tests.helpers.paths import ROOT
from tests.helpers.pictures import draw_photo
from tools.styles.judge.rule import JUDGES, judges_named
from tools.styles.judge.variants import ORIGIN, Variant, by_stem, collect
from tools.styles.judge.verdict import Verdict, fraction_of_way, judge, summarise, tabulate
from translate import load_style


def save(path: Path, width: int = 48, height: int = 32) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_photo(width, height)).save(path)
    return path


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_verdict_is_the_mean_over_pictures() -> None:
    lines = "".join(json.dumps({"file": "a", "p": p, "logit": logit}) + "\n" for p, logit in ((0.2, -1.0), (0.6, 2.0)))
    assert summarise(lines) == Verdict(2, 0.5, 0.4)
    with pytest.raises(ValueError, match="no picture"):
        summarise("")


def test_fraction_of_the_way_from_start_to_end() -> None:
    assert fraction_of_way(-2.0, -4.0, 4.0) == 0.25
    assert fraction_of_way(-5.0, -4.0, 4.0) < 0
    assert np.isnan(fraction_of_way(1.0, 2.0, 2.0))


@pytest.mark.parametrize("teacher", [None, "teacher"])
def test_table_has_the_fractions_of_the_way_to_the_teacher_and_to_art(teacher: str | None) -> None:
    logits = {"photo": -4.0, "style": -2.0, "teacher": 0.0, "drawn": 4.0}
    table = tabulate("set", {name: Verdict(3, logit, 0.5) for name, logit in logits.items()}, teacher)
    console = Console(width=110)
    with console.capture() as printed:
        console.print(table)
    row = next(line for line in printed.get().splitlines() if "style" in line)
    assert "-2.00" in row and "25%" in row and ("50%" in row) == (teacher is not None)


def test_photos_are_resized_and_go_through_each_variant(tmp_path: Path, tiny_style: Path) -> None:
    photos, pictures = tmp_path / "photos", tmp_path / "pictures"
    save(photos / "small.jpg", 30, 20), save(photos / "large.png", 96, 64)
    save(pictures / "small.png", 48, 32), save(pictures / "large.png", 48, 32), save(pictures / "other.png")
    variants = [Variant.parse(f"tiny={tiny_style}"), Variant.parse(f"teacher={pictures}")]
    folders = collect(photos, variants, tmp_path / "work", long=48)
    assert list(folders) == ["photo", "tiny", "teacher"]
    for folder in folders.values():
        assert {stem: pixels(path).shape for stem, path in by_stem(folder).items()} == dict.fromkeys(
            ("small", "large"), (32, 48, 3)
        )
    expected = load_style(tiny_style)(pixels(folders["photo"] / "large.png"))
    np.testing.assert_array_equal(pixels(folders["tiny"] / "large.png"), expected)
    np.testing.assert_array_equal(pixels(folders["teacher"] / "large.png"), pixels(pictures / "large.png"))


def test_pictures_are_kept_until_their_origin_changes(tmp_path: Path, tiny_style: Path) -> None:
    save(tmp_path / "photos" / "a.png"), save(tmp_path / "photos" / "b.png")
    style = tmp_path / "style.onnx"
    style.write_bytes(tiny_style.read_bytes())
    variants = [Variant.parse(f"tiny={style}")]

    def made(long: int = 48) -> dict[str, int]:
        folder = collect(tmp_path / "photos", variants, tmp_path / "work", long=long)["tiny"]
        return {path.stem: path.stat().st_ino for path in folder.glob("*.png")}

    collect(tmp_path / "photos", variants, tmp_path / "work", long=48)
    mark = tmp_path / "work" / "tiny" / "a.png"
    save(mark)  # replaced, to see that it is kept
    made()
    np.testing.assert_array_equal(pixels(mark), draw_photo(48, 32))
    style.write_bytes(style.read_bytes())  # newer
    (tmp_path / "photos" / "b.png").unlink()
    assert made().keys() == {"a"}
    assert not np.array_equal(pixels(mark), draw_photo(48, 32))
    made(long=24)
    assert pixels(mark).shape == (16, 24, 3)


def test_missing_pictures_and_wrong_options_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "photos" / "a.png"), save(tmp_path / "photos" / "b.png"), save(tmp_path / "pictures" / "a.png")
    with pytest.raises(typer.BadParameter, match="no picture of b"):
        collect(tmp_path / "photos", [Variant("teacher", str(tmp_path / "pictures"))], tmp_path / "work", long=48)
    save(tmp_path / "photos" / "a.jpg")
    with pytest.raises(typer.BadParameter, match="only in the suffix"):
        by_stem(tmp_path / "photos")
    for option in ("anime", "=anime", "name=anime@fp16"):
        with pytest.raises(typer.BadParameter):
            Variant.parse(option)


def test_precisions_of_a_shipped_style_can_be_chosen() -> None:
    files = {precision: Variant.parse(f"x=anime@{precision}").file.name for precision in ("fp32", "int8")}
    assert files == {"fp32": "anime.onnx", "int8": "anime-int8.onnx"}
    assert Variant.parse("x=anime").file.name in files.values()


def test_each_folder_is_judged_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "set"
    pictures = [save(folder / f"{stem}.png") for stem in "ab"]
    (folder / ORIGIN).write_text("{}")
    calls = []

    class Answer:
        stdout = "".join(json.dumps({"file": str(path), "p": 0.5, "logit": 0.0}) + "\n" for path in pictures)

    def run(command: list[object], **_: object) -> Answer:
        calls.append(command)
        return Answer()

    monkeypatch.setattr("tools.styles.judge.verdict.subprocess.run", run)
    for _ in range(2):
        assert judge([folder, folder], "MobileNetV2", tmp_path) == {folder: Verdict(2, 0.0, 0.5)}
    assert len(calls) == 1 and calls[0][2:4] == ["MobileNetV2", folder]
    judge([folder], "InceptionV3", tmp_path)
    pictures[0].unlink()
    judge([folder], "MobileNetV2", tmp_path)
    assert len(calls) == 3


def test_no_judge_takes_part_in_training() -> None:
    assert judges_named("--feature-network NSFWJS") == ["nsfw"] and not judges_named("--feature-network vgg19")
    assert not [name for name in FEATURE_NETWORKS if judges_named(name)]
    own = ROOT / "tools" / "styles" / "judge"
    files = [path for part in ("tools", "translate", "models") for path in (ROOT / part).rglob("*")]
    texts = [path for path in files if path.suffix in {".py", ".sh", ".mjs", ".json"} and own not in path.parents]
    assert len(texts) > 50 and JUDGES
    assert not {path.name: found for path in texts if (found := judges_named(path.read_text("utf-8")))}
