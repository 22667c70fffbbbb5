from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo, files_below
from tests.helpers.styles import write_style
from tools.known.check import main as check
from tools.known.grade import grade
from tools.known.make import main
from translate.media.images import load_rgb


def plain(level: int) -> np.ndarray:
    return np.full((24, 32, 3), level, np.uint8)


def test_grade_turns_shadows_violet_and_lights_amber() -> None:
    dark, light = (grade(plain(level))[0, 0].astype(int) for level in (0, 255))
    assert dark[2] > dark[0] > dark[1]
    assert light[0] > light[1] > light[2]


def test_grade_depends_on_the_neighbourhood_and_keeps_the_order_of_greys() -> None:
    levels = np.array([grade(plain(level))[0, 0].astype(int) for level in range(0, 256, 16)])
    assert (np.diff(levels, axis=0) >= 0).all()
    photo = draw_photo(64, 48)
    np.testing.assert_array_equal(grade(photo)[8:40, 8:56], grade(photo[4:44, 4:60])[4:-4, 4:-4])


def test_grade_darkens_only_edges() -> None:
    photo = plain(200)
    photo[:, 16:] = 90
    graded = grade(photo).astype(int)
    assert graded[12, 15:17].max() < 0.4 * graded[12, 2].max()
    np.testing.assert_array_equal(graded[:, :12], grade(plain(200))[:, :12])
    np.testing.assert_array_equal(graded[:, 20:], grade(plain(90))[:, 20:])


@pytest.fixture
def known(tmp_path: Path) -> Path:
    for folder, count in (("photos", 5), ("held/out", 2)):
        (tmp_path / folder).mkdir(parents=True)
        for index in range(count):
            Image.fromarray(draw_photo(60 + 10 * index, 50)).save(tmp_path / folder / f"{index}.jpg")
    main(tmp_path / "photos", tmp_path / "known", [tmp_path / "held" / "out"], look="grade", side=40)
    return tmp_path / "known"


def test_one_half_is_translated_and_the_pairs_are_separate(known: Path) -> None:
    train, test = known / "train", known / "test"
    assert files_below(train / "A") == {"0.png", "2.png", "4.png"}
    assert files_below(train / "B") == files_below(train / "A_of_B") == {"1.png", "3.png"}
    assert files_below(test / "A") == files_below(test / "B") == {"held_out/0.png", "held_out/1.png"}
    for a, b in (
        (train / "A_of_B" / "1.png", train / "B" / "1.png"),
        *zip(*(sorted((test / side).rglob("*.png")) for side in "AB"), strict=True),
    ):
        photo = load_rgb(a)
        assert min(photo.shape[:2]) == 40
        np.testing.assert_array_equal(load_rgb(b), grade(photo))


def test_check_says_how_far_the_style_and_the_photos_are_from_the_truth(
    known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    style = write_style(tmp_path / "style.onnx")
    check(str(style), known / "test", sheet=tmp_path / "sheet.png", device="cpu")
    mean = next(line for line in capsys.readouterr().out.splitlines() if "mean" in line)
    from translate.style.translator import Translator

    distances = []
    for photo in sorted((known / "test" / "A").rglob("*.png")):
        before, truth = load_rgb(photo), load_rgb(known / "test" / "B" / photo.relative_to(known / "test" / "A"))
        after = Translator(style, device="cpu")(before[None])[0]
        distances.append([np.abs(picture.astype(int) - truth).mean() for picture in (before, after)])
    before, after = np.mean(distances, axis=0)
    assert f"{before:.2f}" in mean and f"{after:.2f}" in mean and f"{after / before:.1%}" in mean
    assert Image.open(tmp_path / "sheet.png").height == 2 * 40
