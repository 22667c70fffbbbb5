from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.styles import style_info, write_style
from tools.known.check_stargan import joined, main, read
from tools.known.face_reader import FaceReader, Faces, load_faces, trained_reader
from translate.media.images import load_rgb

SIZE = 16
COLOURS = {"dark": (20, 20, 30), "blond": (230, 200, 120), "red": (200, 40, 30)}


def draw_face(number: int, colour: str, *, glasses: bool) -> np.ndarray:
    """Hair at the top, a bar in the middle for glasses, skin of a varying shade below."""
    face = np.full((SIZE, SIZE, 3), 150 + 10 * (number % 8), np.uint8)
    face[:6] = COLOURS[colour]
    if glasses:
        face[8:10, 2:14] = 0
    return face


def write_faces(folder: Path, count: int) -> Path:
    """A table of ``count`` faces and one of another colour, and the truth in ``folder/truth``."""
    lines = ["filename,dark,blond,red,glasses"]
    for number in range(count):
        colour, glasses = list(COLOURS)[number % 3], number % 2 == 1
        (folder / "faces").mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw_face(number, colour, glasses=glasses)).save(folder / "faces" / f"{number}.png")
        lines.append(f"faces/{number}.png,{','.join(str(int(colour == other)) for other in COLOURS)},{int(glasses)}")
        for other in COLOURS:
            (folder / "truth" / other).mkdir(parents=True, exist_ok=True)
            truth = Image.fromarray(draw_face(number, other, glasses=glasses))
            truth.resize((2 * SIZE, 2 * SIZE), Image.Resampling.NEAREST).save(
                folder / "truth" / other / f"{number}.png"
            )
    Image.fromarray(np.zeros((SIZE, SIZE, 3), np.uint8)).save(folder / "faces" / "green.png")
    table = folder / "faces.csv"
    table.write_text("\n".join([*lines, "faces/green.png,0,0,0,1"]) + "\n", encoding="utf-8")
    return table


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Faces:
    return load_faces(write_faces(tmp_path_factory.mktemp("faces"), 96), list(COLOURS), ["glasses"], size=SIZE)


@pytest.fixture(scope="module")
def reader(faces: Faces) -> FaceReader:
    return trained_reader(faces, 3, epochs=40)


def test_faces_of_no_domain_are_left_out(faces: Faces) -> None:
    assert len(faces.names) == 96 and "green.png" not in faces.names
    assert faces.pictures.shape == (96, SIZE, SIZE, 3) and faces.labels.shape == (96, 4)
    np.testing.assert_array_equal(faces.labels[4], [0, 1, 0, 0])


def test_reader_reads_faces_and_is_kept(faces: Faces, reader: FaceReader, tmp_path: Path) -> None:
    assert (reader.read(faces.pictures) == faces.labels).mean() > 0.97
    file = tmp_path / "reader.safetensors"
    trained = trained_reader(faces, 3, epochs=1, file=file)
    again = trained_reader(faces, 3, epochs=0, file=file)
    for name, tensor in trained.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], tensor)


def painted(faces: Faces, paint: Callable[[np.ndarray], None]) -> np.ndarray:
    pictures = faces.pictures.copy()
    paint(pictures)
    return pictures


def test_right_and_wrong_translations_are_told_apart(faces: Faces, reader: FaceReader) -> None:
    others = faces.subset(np.flatnonzero(faces.labels[:, 2] == 0))
    asked = np.full(len(others.names), 2)

    def to_red(pictures: np.ndarray) -> None:
        pictures[:, :6] = COLOURS["red"]

    def without_glasses(pictures: np.ndarray) -> None:
        to_red(pictures)
        pictures[:, 8:10] = pictures[:, 12:14]

    truth = painted(others, to_red)
    right = read(reader, others, truth, asked, truth)
    assert right.right.mean(axis=0) == pytest.approx([1, 1], abs=0.05)
    assert right.after.mean() == 0 and right.before.mean() > 10
    untouched = read(reader, others, others.pictures, asked, truth)
    assert untouched.right[:, 0].mean() < 0.05 and untouched.right[:, 1].mean() > 0.95
    np.testing.assert_array_equal(untouched.after, untouched.before)
    lost = read(reader, others, painted(others, without_glasses), asked, truth)
    assert lost.right[:, 0].mean() > 0.9 and lost.right[:, 1].mean() == pytest.approx(0.5, abs=0.1)
    both = joined([right, untouched])
    assert len(both.right) == len(both.after) == 2 * len(asked)


def test_command_prints_one_row_per_domain_and_writes_the_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = write_faces(tmp_path, 66)
    style = write_style(tmp_path / "style.onnx", info=style_info(domains=list(COLOURS)))
    main(
        style, table, table, "glasses", truth=tmp_path / "truth", size=SIZE, epochs=2, sheet=tmp_path / "s.png", rows=3
    )
    printed = capsys.readouterr().out
    assert all(f"to {domain}" in printed for domain in COLOURS)
    assert "132" in printed  # two thirds of the 66 faces are of another domain than each of the three
    sheet = load_rgb(tmp_path / "s.png")
    assert sheet.shape == (3 * 2 * SIZE, 4 * SIZE, 3)
    np.testing.assert_array_equal(sheet[SIZE : 2 * SIZE, SIZE : 2 * SIZE], draw_face(0, "dark", glasses=False))
