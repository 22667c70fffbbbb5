from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.helpers.paths import PORTRAIT, PORTRAIT_LANDMARKS
from tests.helpers.pictures import draw_photo
from tools.styles.anime_pairs import GRAIN, crisper, face_windows, main, with_grain
from tools.styles.teachers.anime import draw
from tools.styles.teachers.anime import main as draw_folder
from tools.styles.teachers.faces import load_faces
from tools.styles.teachers.scenery import scenery
from translate.media.images import load_rgb

pytestmark = pytest.mark.slow


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a scene and a small portrait, next to one with their landmarks."""
    folder = tmp_path / "holiday" / "train"
    folder.mkdir(parents=True)
    Image.fromarray(draw_photo(120, 90)).save(folder / "scene.png")
    with Image.open(PORTRAIT) as portrait:
        portrait.resize((portrait.width // 4, portrait.height // 4)).save(folder / "portrait.png")
    landmarks = tmp_path / "landmarks" / "holiday" / "train"
    landmarks.mkdir(parents=True)
    (landmarks / "portrait.npz").write_bytes(PORTRAIT_LANDMARKS.read_bytes())
    np.savez(landmarks / "scene.npz", faces=np.zeros((0, 478, 3), np.float32))
    return folder


def make(photos: Path, out: Path, *, sizes: str = "96,64", rough: bool = False, leave_out: str = "") -> None:
    landmarks = photos.parents[1] / "landmarks"
    main(
        [photos, out],
        landmarks,
        sizes=sizes,
        rough=rough,
        tile=64,
        fields=1,
        lattice=False,
        leave_out=leave_out,
        workers=1,
    )


def test_pairs_have_equal_names_and_sizes_and_tiles_on_faces_and_eyes(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs"
    make(photos, out)
    names = {path.relative_to(out / "A").as_posix() for path in (out / "A").rglob("*.bmp")}
    assert names == {path.relative_to(out / "B").as_posix() for path in (out / "B").rglob("*.bmp")}
    face, eyes = (f"holiday/train/portrait_96_{part}0.bmp" for part in ("face", "eyes"))
    assert {"holiday/train/scene_64_0000_0000.bmp", face, eyes} <= names
    assert not any("scene" in name and ("face" in name or "eyes" in name) for name in names)
    assert [load_rgb(out / "A" / name).shape[0] for name in (face, eyes)] == [64, 45]
    assert sum(name.startswith("fields/") for name in names) >= 1
    for name in names:
        photo, picture = (load_rgb(out / side / name) for side in "AB")
        assert photo.shape == picture.shape
    scene, painted = (load_rgb(out / side / "holiday/train/scene_64_0000_0000.bmp") for side in "AB")
    assert np.array_equal(painted, scenery(scene))


def test_small_photos_are_enlarged_twice_at_most(photos: Path, tmp_path: Path) -> None:
    make(photos, tmp_path / "pairs", sizes="960,480,120")
    sizes = {path.name.split("_")[1] for path in (tmp_path / "pairs" / "A").rglob("scene*")}
    assert sizes == {"240", "120"}


def test_rough_photos_are_crisper_and_have_grain_and_the_pictures_of_them_have_none(
    photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "pairs"
    make(photos, out, sizes="96", rough=True)
    plain, rough = ("holiday/train/scene_96_0000_0000.bmp", "holiday/train/scene_96_rough_0000_0000.bmp")
    detail = {
        (side, name): np.abs(cv2.Laplacian(load_rgb(out / side / name).astype(np.float32), cv2.CV_32F)).mean()
        for side in "AB"
        for name in (plain, rough)
    }
    assert detail["A", rough] > 1.3 * detail["A", plain]
    assert detail["B", rough] < detail["A", rough]
    assert list(out.rglob("portrait_96_rough_face0.bmp"))
    again = tmp_path / "again"
    make(photos, again, sizes="96", rough=True)
    assert np.array_equal(load_rgb(again / "A" / rough), load_rgb(out / "A" / rough))


def test_a_crisper_photo_gains_detail_and_keeps_flat_areas() -> None:
    photo = np.full((64, 64, 3), 60, np.uint8)
    photo[:, 32:] = 180
    crisp = crisper(photo, 0.5)
    assert np.array_equal(crisper(photo, 0), photo)
    assert np.array_equal(crisp[:, :16], photo[:, :16]) and np.array_equal(crisp[:, 48:], photo[:, 48:])
    assert (crisp[:, 31] < 50).all() and (crisp[:, 32] > 190).all()


def test_grain_has_no_tint_and_at_most_its_strength() -> None:
    photo = np.full((96, 96, 3), 128, np.uint8)
    grainy = [with_grain(photo, np.random.default_rng(seed)) - photo.astype(float) for seed in range(20)]
    assert max(grain.std() for grain in grainy) <= GRAIN + 1 and min(grain.std() for grain in grainy) < GRAIN / 3
    for grain in grainy:
        assert np.abs(grain.mean(axis=(0, 1))).max() < 1
        assert grain.std() < 1 or np.std(grain - grain.mean(axis=2, keepdims=True)) < 0.6 * grain.std()


def test_finished_photos_are_skipped_and_photos_can_be_left_out(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "pairs"
    make(photos, out, leave_out="portrait")
    assert not list(out.rglob("portrait*"))
    made = next((out / "A").rglob("scene*.bmp"))
    made.unlink()
    make(photos, out)
    assert not made.exists() and list(out.rglob("portrait_64_face0.bmp"))


def test_the_teacher_draws_a_folder_at_its_size(photos: Path, tmp_path: Path) -> None:
    draw_folder(
        photos, tmp_path / "drawn", landmarks=photos.parents[1] / "landmarks" / "holiday" / "train", size=96, workers=1
    )
    picture = load_rgb(tmp_path / "drawn" / "portrait.png")
    assert max(picture.shape) == 96
    assert load_rgb(tmp_path / "drawn" / "scene.png").shape == (72, 96, 3)


def test_faces_are_drawn_and_scenes_are_only_painted() -> None:
    photo = load_rgb(PORTRAIT)[::3, ::3]
    faces = load_faces(PORTRAIT_LANDMARKS, *photo.shape[:2])
    assert np.array_equal(draw(photo, []), scenery(photo))
    changed = np.abs(draw(photo, faces).astype(int) - scenery(photo)).max(2) > 8
    x, y = faces[0].points[468]
    assert changed[int(y) - 3 : int(y) + 4, int(x) - 3 : int(x) + 4].mean() > 0.5
    assert changed.mean() < 0.5


def test_a_window_stays_within_the_photo() -> None:
    faces = load_faces(PORTRAIT_LANDMARKS, 200, 160)
    ((rows, columns),) = face_windows(faces, 200, 160, 128)
    assert rows.start >= 0 and rows.stop <= 200 and columns.start >= 0 and columns.stop <= 160
    ((rows, columns),) = face_windows(faces, 60, 50, 128)
    assert (rows.start, columns.start) == (0, 0)
