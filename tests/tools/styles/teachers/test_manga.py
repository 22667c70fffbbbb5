import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.manga import MIDDLE, PALE, crisp, follow, manga, shape, skin_likeness, without_slivers

PAPER, PALE_GREY, MIDDLE_GREY, INK = 255, round(255 * PALE), round(255 * MIDDLE), 0


def flat(value: int | tuple[int, int, int], size: int = 96) -> NDArray[np.uint8]:
    return np.broadcast_to(np.array(value, np.uint8), (size, size, 3)).copy()


@pytest.mark.parametrize(
    ("colour", "tone"),
    [
        ((255, 255, 255), PAPER),
        ((150, 190, 235), PAPER),  # sky
        ((240, 200, 175), PAPER),  # fair skin
        ((110, 70, 50), PALE_GREY),  # dark skin
        ((145, 145, 145), PALE_GREY),
        ((80, 80, 80), MIDDLE_GREY),
        ((12, 12, 12), INK),
    ],
)
def test_flat_colours_become_one_of_four_flat_tones(colour: tuple[int, int, int], tone: int) -> None:
    assert np.abs(manga(flat(colour)).astype(int) - tone).max() <= 4


def test_edges_between_light_colours_are_drawn_in_ink() -> None:
    photo = flat(250)
    photo[:, 48:] = (215, 205, 160)
    drawn = manga(photo)[48, :, 0]
    assert drawn[42:54].min() < 60
    assert min(drawn[:32].min(), drawn[64:].min()) > 250


def test_a_bright_strand_on_black_stays_white() -> None:
    photo = flat(20)
    photo[:, 44:52] = 70
    drawn = manga(photo)[..., 0]
    assert drawn[48, 46:50].max() > 200 and drawn[:, :24].max() < 5


def test_page_is_neutral_of_the_same_size_and_deterministic() -> None:
    photo = draw_photo(96, 80)
    page = manga(photo)
    assert page.shape == photo.shape and page.dtype == np.uint8
    assert (page == page[..., :1]).all() and np.array_equal(page, manga(photo))


def test_noise_on_flat_colour_is_not_drawn() -> None:
    noise = np.random.default_rng(0).normal(0, 4, (96, 96, 3))
    page = manga(np.clip(flat(215) + noise, 0, 255).astype(np.uint8))
    assert page.min() > 245


def test_a_small_change_of_the_photo_changes_the_page_little() -> None:
    photo = draw_photo(160, 128)
    noisy = np.clip(photo + np.random.default_rng(0).normal(0, 2, photo.shape), 0, 255).astype(np.uint8)
    assert np.abs(manga(noisy).astype(int) - manga(photo)).mean() < 5


@pytest.mark.parametrize("shape_", [(1, 1), (16, 16), (2, 90)])
def test_any_size_is_inked(shape_: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape_, 3), dtype=np.uint8)
    assert manga(photo).shape == photo.shape


def test_shapes_have_crisp_borders_and_no_specks() -> None:
    lightness = np.full((64, 64), 0.8, np.float32)
    lightness[:, 32:] = 0.2
    lightness[20, 10] = 0.2
    mask = shape(lightness, 0.5, roundness=2.0)
    assert mask[:, :30].max() < 0.02 and mask[:, 34:].min() > 0.98


def test_slivers_along_black_are_dropped_and_wide_shapes_kept() -> None:
    tone, darker = np.zeros((64, 96), np.float32), np.zeros((64, 96), np.float32)
    darker[:, :20] = 1
    tone[:, :24] = 1
    tone[:, 50:80] = 1
    kept = without_slivers(tone, darker)
    assert kept[:, 20:24].max() == 0 and kept[10:54, 50:80].min() == 1


def test_streamlines_follow_a_circle() -> None:
    y, x = np.mgrid[-40:41, -40:41].astype(np.float32)
    ring = np.exp(-((np.hypot(x, y) - 15) ** 2) / 8).astype(np.float32)
    angle = np.arctan2(x, -y).astype(np.float32)
    curved, straight = (follow(ring, path, 8.0)[40, 55] for path in (angle, np.full_like(angle, np.pi / 2)))
    assert curved > 0.85 and curved > straight + 0.1  # a straight path leaves the ring


def test_thresholds_are_a_pixel_wide_and_skin_is_known_by_colour() -> None:
    steep, gentle = (np.linspace(-reach, reach, 64, dtype=np.float32)[None].repeat(8, 0) for reach in (20, 2))
    assert np.abs(crisp(steep, 0.01) - crisp(gentle, 0.01)).max() < 0.1
    lab = np.array([[70, 18, 20], [35, 14, 18], [60, -30, 30], [60, 0, -30], [60, 0, 0]], np.float32)
    found = [skin_likeness(np.broadcast_to(colour, (9, 9, 3)).copy())[4, 4] for colour in lab]
    assert min(found[:2]) > 0.8 and max(found[2:]) < 0.05
