import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.helpers.pictures import draw_photo
from tools.styles.teachers.watercolour import SEPIA, at_density, darkness, glaze, pen, simplify, watercolour


def plain(red: int, green: int, blue: int, *, side: int = 64) -> NDArray[np.uint8]:
    return np.full((side, side, 3), (red, green, blue), np.uint8)


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A photo with an upright edge in the middle."""
    return np.concatenate([plain(*left, side=96)[:, :48], plain(*right, side=96)[:, :48]], axis=1)


@pytest.mark.parametrize("colour", [(0, 0, 0), (40, 40, 40), (128, 128, 128), (255, 255, 255), (200, 150, 120)])
def test_flat_areas_stay_flat(colour: tuple[int, int, int]) -> None:
    assert np.ptp(watercolour(plain(*colour)).astype(int), axis=(0, 1)).max() <= 1


def test_white_is_bare_paper_and_greys_are_high_key() -> None:
    assert watercolour(plain(255, 255, 255)).min() >= 253
    assert watercolour(plain(128, 128, 128)).mean() > 128 + 40


def test_black_becomes_indigo_and_dark_brown_stays_warm() -> None:
    red, green, blue = watercolour(plain(0, 0, 0))[32, 32].astype(int)
    assert blue > red + 15 and blue > green + 10 and red > 120
    red, green, blue = watercolour(plain(60, 38, 22))[32, 32].astype(int)
    assert red > green > blue


def test_dark_skin_stays_darker_than_grey_of_the_same_lightness() -> None:
    assert watercolour(plain(140, 92, 66)).mean() < watercolour(plain(102, 102, 102)).mean() - 20


def test_brown_skin_of_every_depth_is_painted_brown_and_nearly_as_dark_as_it_is() -> None:
    depths = [(52, 34, 26), (75, 47, 34), (105, 66, 46), (141, 92, 62), (176, 118, 78)]
    photos = cv2.cvtColor(np.array([depths], np.float32) / 255, cv2.COLOR_RGB2Lab)[0]
    painted = np.array([watercolour(plain(*colour))[32, 32] for colour in depths], np.float32)
    labs = cv2.cvtColor(painted[None] / 255, cv2.COLOR_RGB2Lab)[0]
    assert (np.diff(labs[:, 0]) > 3).all()
    assert (labs[:, 0] - photos[:, 0] < 15).all()
    assert (labs[:, 2] > 10).all() and (labs[:, 2] > 0.8 * labs[:, 1]).all()


def test_brown_skin_is_glazed_under_a_highlight_too() -> None:
    photo = plain(105, 66, 46, side=160).astype(np.float32)
    rows, columns = np.mgrid[:160, :160] - 80
    photo += 60 * np.exp(-(rows**2 + columns**2) / 800)[..., None]
    red, green, blue = watercolour(photo.astype(np.uint8))[80, 80].astype(int)
    assert red < 210 and red > green > blue and red > blue + 30


def test_pale_skin_is_tinted_not_left_white() -> None:
    red, _, blue = watercolour(plain(235, 200, 180))[32, 32].astype(int)
    assert red > blue + 20 and red > 225


def test_a_wash_is_darkest_inside_its_border() -> None:
    dark = np.zeros((96, 96), np.float32)
    dark[:, 48:] = 0.5
    wash, rims = glaze(dark, firmness=np.ones_like(dark))
    assert rims[48, 49:52].max() > 3 * rims[48, 60] and rims[48, 20] < 0.15
    assert wash[48, 20] < 0.01 and wash[48, 70] > 0.4


def test_density_changes_colours_but_neither_paper_nor_black() -> None:
    colours = np.array([[[0, 0, 0], [0.5, 0.5, 0.5], [1, 1, 1]]], np.float32)
    denser = at_density(colours, np.full((1, 3), 1.4, np.float32))[0, :, 0]
    assert denser == pytest.approx([0, 0.4, 1])


def test_an_edge_gets_one_dark_sepia_line_on_its_dark_side() -> None:
    row = watercolour(halves((225, 225, 225), (120, 120, 120)))[48].astype(int)
    assert np.abs(row[48:51] - 255 * SEPIA).sum(axis=1).min() < 40
    dark = row.mean(axis=1) < 100
    assert not dark[:46].any() and not dark[54:].any()


def test_lines_are_thinner_where_the_edge_is_weaker_and_break_off_where_it_is_faint() -> None:
    covers = []
    for light in (0.51, 0.55, 0.60, 0.90):
        edge = np.full((64, 64), 0.5, np.float32)
        edge[:, :32] = light
        covers.append(pen(edge, np.zeros_like(edge))[32].sum())
    assert covers[0] < 0.2 < covers[1] < covers[2] < covers[3] < 8


def test_pupils_are_filled_with_ink() -> None:
    rows, columns = np.mgrid[:64, :64] - 32
    light = np.where(np.hypot(rows, columns) < 4, 0.1, 0.8).astype(np.float32)
    assert pen(light, np.zeros_like(light))[32, 32] > 0.8


def test_a_wash_stops_short_of_the_line_on_one_side() -> None:
    photo = plain(250, 250, 250, side=96)
    photo[20:76, 20:76] = (60, 90, 190)
    painted = watercolour(photo)[48].astype(int)
    blueness = painted[:, 2] - painted[:, 0]
    assert blueness[18:22].max() < 40 < blueness[73:78].max()


def test_what_is_lighter_than_its_surroundings_is_left_white() -> None:
    photo = plain(110, 110, 110, side=160)
    photo[50:110, 50:110] = 190
    assert watercolour(photo)[80, 80].min() > 245


def test_plain_backgrounds_pale_and_lively_regions_keep_their_wash() -> None:
    rows, columns = np.mgrid[:160, :160]
    pattern = (90 + 40 * np.sin(columns / 2) * np.sin(rows / 2))[..., None] + np.array([-30, 0, 40])
    lively = watercolour(np.clip(pattern, 0, 255).astype(np.uint8)).mean()
    assert watercolour(plain(60, 90, 130, side=160)).mean() > lively + 25


def test_shapes_lose_small_detail_and_keep_edges() -> None:
    image = np.full((96, 96, 3), 0.2, np.float32)
    image[:, 48:] = 0.8
    textured = image + 0.1 * np.sin(np.arange(96))[:, None, None]
    shapes = simplify(textured.astype(np.float32))
    assert np.abs(shapes - image)[:, 10:36].max() < 0.04
    assert shapes[48, 53, 0] - shapes[48, 42, 0] > 0.45


def test_darker_greys_are_never_painted_lighter() -> None:
    levels, grey = np.linspace(0, 1, 101, dtype=np.float32), np.zeros((24, 24), np.float32)
    painted = [float(darkness(np.full((24, 24), level), grey, grey, grey)[12, 12]) for level in levels]
    assert (np.diff(painted) <= 0).all()


def test_noise_and_a_small_shift_change_the_picture_little() -> None:
    photo = cv2.GaussianBlur(draw_photo(128, 128), (0, 0), 1.0).astype(np.uint8)
    painted = watercolour(photo).astype(int)
    noise = np.random.default_rng(0).normal(0, 2, photo.shape)
    noisy = np.clip(photo + noise, 0, 255).astype(np.uint8)
    assert np.abs(watercolour(noisy) - painted).mean() < 4
    shift = np.array([[1, 0, 0.5], [0, 1, 0]], np.float32)
    moved = cv2.warpAffine(photo, shift, (128, 128), borderMode=cv2.BORDER_REFLECT).astype(np.uint8)
    expected = cv2.warpAffine(painted.astype(np.float32), shift, (128, 128), borderMode=cv2.BORDER_REFLECT)
    assert np.abs(watercolour(moved) - expected).mean() < 6


@pytest.mark.parametrize("shape", [(1, 1), (16, 16), (2, 90)])
def test_noise_of_any_size_is_painted(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    assert watercolour(photo).shape == photo.shape


def test_painting_is_deterministic_and_leaves_the_photo_alone() -> None:
    photo = draw_photo(64, 48)
    before = photo.copy()
    painted = watercolour(photo)
    assert painted.shape == photo.shape and painted.dtype == np.uint8
    assert np.array_equal(painted, watercolour(photo)) and np.array_equal(photo, before)
