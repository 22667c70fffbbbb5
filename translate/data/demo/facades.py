"""Fronts of houses and their maps of labels: a wall's material follows from its label, so that it can be learned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from translate.data.demo.canvas import Canvas, Colour, clouds, darker, gradient, varied

# labels, in colours that are easy to tell apart
SKY, ROOF, CORNICE, PAVEMENT = (0, 204, 255), (120, 40, 160), (255, 120, 0), (96, 96, 96)
WINDOW, DOOR, BALCONY, SHUTTER, SHOP = (0, 70, 255), (170, 0, 0), (160, 255, 60), (0, 150, 90), (255, 60, 200)


@dataclass(frozen=True)
class Material:
    label: Colour
    colour: Colour
    courses: int  # rows of bricks or blocks over the height of the picture; 0: none
    length: float  # of a brick, in its heights


MATERIALS = (
    Material((220, 60, 40), (158, 84, 66), 60, 2.6),  # bricks
    Material((255, 220, 0), (228, 204, 160), 0, 0),  # plaster
    Material((200, 160, 220), (186, 178, 166), 22, 2.0),  # blocks of stone
)
TRIM = (238, 232, 218)
GLASS_TOP, GLASS_BOTTOM = (70, 96, 122), (34, 46, 62)
WOODS = ((92, 52, 30), (36, 74, 60), (44, 58, 96), (110, 36, 36))
SHUTTERS = (62, 106, 92)


@dataclass(frozen=True)
class Style:
    """What the windows of one house have in common."""

    material: Material
    arched: bool
    shutters: bool
    lintels: bool
    wood: Colour
    panes: int  # rows of panes in a window


def draw_facade(rng: np.random.Generator, size: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A house's front and its labels, uint8 [size, size, 3] in sRGB."""
    canvas = Canvas(size, (180, 205, 230), SKY)
    canvas.texture((0, 0, 1, 1), partial(_sky, rng))
    style = _style(rng)
    left, right = (rng.uniform(0.02, 0.08), rng.uniform(0.92, 0.98)) if rng.random() < 0.5 else (0.0, 1.0)
    top, street = rng.uniform(0.16, 0.26), rng.uniform(0.93, 0.96)
    _roof(canvas, rng, left, top, right)
    canvas.box((left, top, right, street), None, style.material.label)
    canvas.texture((left, top, right, street), partial(_wall, rng, style.material))
    _pavement(canvas, rng, street)
    floors, columns = int(rng.integers(2, 5)), int(rng.integers(3, 6))
    ground = street - rng.uniform(0.19, 0.24)
    storey, bay = (ground - top - 0.03) / floors, (right - left) / columns
    balconies = set(rng.choice(columns, int(rng.integers(0, columns)), replace=False).tolist())
    for floor in range(floors):
        for column in range(columns):
            centre, y = left + (column + 0.5) * bay, top + 0.03 + floor * storey
            half, high = min(0.22 * bay, 0.3 * storey), 0.62 * storey
            with_balcony = column in balconies and floor > 0
            _window(canvas, rng, style, (centre - half, y + 0.2 * storey, centre + half, y + 0.2 * storey + high))
            if with_balcony:
                _balcony(canvas, centre, y + 0.2 * storey + high, half * 1.7, 0.2 * storey)
    _cornice(canvas, left - 0.01, top - 0.012, right + 0.01, 0.032)
    _cornice(canvas, left, ground - 0.008, right, 0.022)
    _ground_floor(canvas, rng, style, [left + (column + 0.5) * bay for column in range(columns)], bay, ground, street)
    return canvas.finished()


def _style(rng: np.random.Generator) -> Style:
    return Style(
        material=MATERIALS[rng.integers(len(MATERIALS))],
        arched=rng.random() < 0.35,
        shutters=rng.random() < 0.4,
        lintels=rng.random() < 0.6,
        wood=WOODS[rng.integers(len(WOODS))],
        panes=int(rng.integers(2, 4)),
    )


def _sky(rng: np.random.Generator, height: int, width: int) -> NDArray[np.floating]:
    cover = np.clip(clouds(rng, height, width, 5) + 0.5 * clouds(rng, height, width, 12), 0, 1)[..., None]
    return gradient((96, 150, 214), (206, 224, 238), height, width) * (1 - 0.7 * cover) + 250 * 0.7 * cover


def _wall(rng: np.random.Generator, material: Material, height: int, width: int) -> NDArray[np.floating]:
    """Bricks or blocks with joints, or plaster; with stains and a little grain."""
    values = np.broadcast_to(np.array(varied(rng, material.colour, 9), float), (height, width, 3))
    values = values + 9 * clouds(rng, height, width, 6)[..., None] + rng.normal(0, 2.5, (height, width, 1))
    if not material.courses:
        return values
    course = max(4, round(height / (0.75 * material.courses)))
    length = max(6, round(course * material.length))
    rows, shifted = np.arange(height) // course, np.arange(width)[None, :]
    along = shifted + (rows % 2 * (length // 2))[:, None]  # every second course is shifted by half a brick
    tones = rng.normal(0, 11, (rows[-1] + 1, (width + length) // length + 2))
    values = values + tones[rows[:, None], along // length][..., None]
    joint = max(1, course // 6)
    joints = (np.arange(height) % course < joint)[:, None] | (along % length < joint)
    mortar = np.array([206, 196, 184]) if material.courses > 40 else np.array([132, 126, 118])
    return np.where(joints[..., None], 0.45 * values + 0.55 * mortar, values)


def _roof(canvas: Canvas, rng: np.random.Generator, left: float, top: float, right: float) -> None:
    kind, colour = rng.integers(3), varied(rng, (104, 72, 66), 6)
    if kind == 0:  # flat
        return
    ridge = top - rng.uniform(0.09, 0.13)
    inset = (right - left) * (0.06 if kind == 1 else 0.5)
    canvas.shape([(left, top), (left + inset, ridge), (right - inset, ridge), (right, top)], colour, ROOF)
    for y in np.linspace(ridge, top, 8)[1:-1]:  # tiles
        reach = inset * (top - y) / (top - ridge)
        canvas.line((left + reach, y), (right - reach, y), darker(colour, 0.8), 0.003)


def _cornice(canvas: Canvas, left: float, top: float, right: float, height: float) -> None:
    canvas.shade((max(0, left), top + height, right, top + 1.7 * height), 0.72)
    canvas.box((left, top, right, top + height), TRIM, CORNICE)
    canvas.box((left, top + 0.4 * height, right, top + 0.55 * height), darker(TRIM, 0.8))
    canvas.box((left, top + 0.85 * height, right, top + height), darker(TRIM, 0.66))


def _window(canvas: Canvas, rng: np.random.Generator, style: Style, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    width, frame = right - left, 0.09 * (right - left)
    if style.arched:
        top += 0.3 * width
    box, height = (left, top, right, bottom), bottom - top
    canvas.box((left - frame, top - frame, right + frame, bottom), TRIM, CORNICE)
    if style.arched:
        rise = 0.5 * width
        canvas.ellipse((left - frame, top - rise - frame, right + frame, top + rise), TRIM, CORNICE)
        canvas.ellipse((left, top - rise, right, top + rise), darker(GLASS_TOP, 0.9), WINDOW)
    elif style.lintels:
        canvas.box((left - 2.2 * frame, top - 2.6 * frame, right + 2.2 * frame, top - frame), TRIM, CORNICE)
        canvas.box((left - 2.2 * frame, top - 1.4 * frame, right + 2.2 * frame, top - frame), darker(TRIM, 0.7))
    canvas.box(box, GLASS_BOTTOM, WINDOW)
    canvas.texture(box, partial(gradient, GLASS_TOP, GLASS_BOTTOM))
    canvas.shape(  # a reflection
        [
            (left, top + 0.5 * height),
            (left + 0.6 * width, top),
            (left + 0.85 * width, top),
            (left, bottom - 0.2 * height),
        ],
        (112, 140, 164),
    )
    if rng.random() < 0.5:  # curtains
        canvas.box((left, top, left + 0.22 * width, bottom), (206, 200, 190))
        canvas.box((right - 0.22 * width, top, right, bottom), (206, 200, 190))
    canvas.shade((left, top, right, top + 0.07 * height), 0.55)
    bar = 0.035 * width
    canvas.box(((left + right) / 2 - bar, top, (left + right) / 2 + bar, bottom), TRIM)
    for pane in range(1, style.panes):
        y = top + height * pane / style.panes
        canvas.box((left, y - bar, right, y + bar), TRIM)
    canvas.box((left - 2 * frame, bottom, right + 2 * frame, bottom + 1.6 * frame), TRIM, CORNICE)
    canvas.shade((left - 2 * frame, bottom + 1.6 * frame, right + 2 * frame, bottom + 2.6 * frame), 0.75)
    if style.shutters:
        for start in (left - frame - 0.46 * width, right + frame):
            _shutter(canvas, (start, top, start + 0.46 * width, bottom))


def _shutter(canvas: Canvas, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    canvas.box(box, SHUTTERS, SHUTTER)
    slats = 9
    for y in np.linspace(top, bottom, slats + 1)[1:]:
        canvas.line((left + 0.004, y), (right - 0.004, y), darker(SHUTTERS, 0.7), 0.003)


def _balcony(canvas: Canvas, centre: float, floor: float, half: float, height: float) -> None:
    left, right, top = centre - half, centre + half, floor - height
    canvas.box((left, top, right, floor), None, BALCONY)
    iron = (34, 34, 38)
    for x in np.linspace(left, right, 9):
        canvas.line((x, top), (x, floor), iron, 0.004)
    canvas.box((left, top, right, top + 0.008), iron)
    canvas.box((left - 0.006, floor, right + 0.006, floor + 0.016), darker(TRIM, 0.86), CORNICE)
    canvas.shade((left, floor + 0.016, right, floor + 0.036), 0.7)


def _ground_floor(
    canvas: Canvas,
    rng: np.random.Generator,
    style: Style,
    centres: list[float],
    bay: float,
    ground: float,
    street: float,
) -> None:
    entrance, shop = int(rng.integers(len(centres))), rng.random() < 0.5
    high = street - ground
    for number, centre in enumerate(centres):
        if number == entrance:
            _door(canvas, style, centre, min(0.26 * bay, 0.07), ground + 0.22 * high, street)
        elif shop:
            _shop(canvas, rng, (centre - 0.4 * bay, ground + 0.22 * high, centre + 0.4 * bay, street - 0.12 * high))
        else:
            half = min(0.22 * bay, 0.3 * high)
            _window(canvas, rng, style, (centre - half, ground + 0.3 * high, centre + half, ground + 0.8 * high))


def _door(canvas: Canvas, style: Style, centre: float, half: float, top: float, street: float) -> None:
    frame = 0.16 * half
    canvas.box((centre - half - frame, top - frame, centre + half + frame, street), TRIM, CORNICE)
    canvas.box((centre - half, top, centre + half, street), style.wood, DOOR)
    transom = top + 0.2 * (street - top)
    canvas.box((centre - half, top, centre + half, transom), GLASS_TOP, WINDOW)
    canvas.box((centre - half, transom, centre + half, transom + 0.006), TRIM)
    canvas.line((centre, transom), (centre, street), darker(style.wood, 0.55), 0.005)
    for side in (-1, 1):
        for low, high in ((0.3, 0.58), (0.66, 0.92)):
            inner, outer = centre + side * 0.2 * half, centre + side * 0.8 * half
            y = [top + share * (street - top) for share in (low, high)]
            canvas.box((min(inner, outer), y[0], max(inner, outer), y[1]), darker(style.wood, 0.75))
    canvas.ellipse((centre + 0.1 * half, street - 0.075, centre + 0.1 * half + 0.008, street - 0.067), (210, 180, 90))


def _shop(canvas: Canvas, rng: np.random.Generator, box: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = box
    canvas.box(box, GLASS_BOTTOM, SHOP)
    canvas.texture(box, partial(gradient, (86, 100, 104), (214, 190, 140)))  # lit from inside
    for x in np.linspace(left, right, 4):
        canvas.box((x - 0.004, top, x + 0.004, bottom), (58, 46, 40))
    awning, stripes = top + 0.3 * (bottom - top), 8
    for number in range(stripes):
        edges = [left - 0.01 + (right - left + 0.02) * (number + step) / stripes for step in (0, 1)]
        canvas.box((edges[0], top, edges[1], awning), (178, 52, 48) if number % 2 else (240, 234, 224), SHOP)
    canvas.shade((left, awning, right, awning + 0.012), 0.6)


def _pavement(canvas: Canvas, rng: np.random.Generator, street: float) -> None:
    canvas.box((0, street, 1, 1), None, PAVEMENT)
    canvas.texture((0, street, 1, 1), lambda height, width: gradient((150, 148, 144), (112, 112, 114), height, width))
    for x in np.arange(rng.uniform(0, 0.1), 1, 0.12):
        canvas.line((x, street), (x, 1), (120, 118, 116), 0.003)
