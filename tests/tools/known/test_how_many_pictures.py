"""How many pictures a training needs: sets that contain each other, and a table of what they gave."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
import typer
from PIL import Image

from tests.helpers.pictures import draw_photo
from tools.known.how_many_pictures import drawings, pairs, some

SMALL = """
crop = 16
batch_size = 2
workers = 0
precision = "fp32"
generator_options = {channels = 4, wide_channels = 4, dilations = [1]}
discriminator_options = {channels = 4, layers = 1}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, pictures of them (their negatives), and two of each apart."""
    folder = tmp_path_factory.mktemp("how_many")
    for number in range(8):
        photo = Image.fromarray(draw_photo(48 + number, 40))
        part = "test-" if number < 4 else ""
        for name, picture in ((f"{part}photos", photo), (f"{part}pictures", photo.point(lambda value: 255 - value))):
            (folder / name).mkdir(exist_ok=True)
            picture.save(folder / name / f"{number}.png")
    (folder / "small.toml").write_text(SMALL)
    return folder


def test_larger_sets_contain_smaller_ones_and_the_same_names(folder: Path, tmp_path: Path) -> None:
    two, three = (some(folder / "photos", count, tmp_path / str(count)) for count in (2, 3))
    of_pictures = some(folder / "pictures", 3, tmp_path / "pictures")
    names = [{path.name for path in found.iterdir()} for found in (two, three, of_pictures)]
    assert len(names[0]) == 2 and names[0] < names[1] == names[2]
    with pytest.raises(typer.BadParameter, match="holds 4 pictures, not 5"):
        some(folder / "photos", 5, tmp_path / "five")


@pytest.mark.slow
@pytest.mark.parametrize("command", [pairs, drawings])
def test_each_count_gets_a_row_and_repeating_trains_nothing(command: object, folder: Path, tmp_path: Path) -> None:
    def run() -> list[dict[str, str]]:
        names = ("photos", "pictures", "test-photos", "test-pictures")
        folders = [folder / name for name in names]
        command(*folders, tmp_path, counts="4", steps=1, config=folder / "small.toml")  # type: ignore[operator]
        return list(csv.DictReader((tmp_path / "table.csv").open(encoding="utf-8")))

    rows = run()
    assert [row["pictures"] for row in rows] == ["4"]
    assert all(float(value) == float(value) for row in rows for value in row.values())
    style = (tmp_path / "4" / "style.onnx").stat().st_mtime_ns
    assert run() == rows and (tmp_path / "4" / "style.onnx").stat().st_mtime_ns == style
    sheet = Image.open(tmp_path / "sheet.jpg")
    assert sheet.size == (2 * 200, 4 * 200) and (tmp_path / "plot.png").is_file()
