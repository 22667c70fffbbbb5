"""Which pixels around a face are skin: by colour in any light, lack of texture, and connectedness."""

from __future__ import annotations

import cv2
import numpy as np

from tools.styles.teachers.canvas import Array, Canvas, blur, smoothstep
from tools.styles.teachers.face_geometry import LEFT, LIPS, RIGHT, Face, eye_outline


def feature_mask(canvas: Canvas, face: Face) -> Array:
    """Soft mask (float32 [h, w] in [0, 1]) of eyes, brows and lips."""
    points = face.points
    shapes = [eye_outline(face, RIGHT), eye_outline(face, LEFT), points[LIPS]]
    shapes += [points[eye.brow_top + eye.brow_bottom[::-1]] for eye in (RIGHT, LEFT)]
    mask = np.max([canvas.fill(shape) for shape in shapes], axis=0)
    return smoothstep(blur(mask, 0.02 * face.eye_distance), 0.1, 0.7)


def skin_mask(lab: Array, colour: Array, canvas: Canvas, face: Face, *, oval: Array, inside: Array) -> Array:
    """Soft mask (float32 [h, w] in [0, 1]) of the skin in ``lab`` (Lab [h, w, 3]): face, neck and ears.

    ``colour`` (Lab [3]) is the face's typical skin, ``oval`` the mask of the face, ``inside`` that of its inner part.
    """
    like = _likeness(lab, colour, face.eye_distance, inside, _hair_zone(canvas, face, inside))
    coloured = float(smoothstep(np.linalg.norm(colour[1:]), 3, 8))  # in grey photos colour likeness is meaningless
    soft_oval = smoothstep(blur(oval, 0.08 * face.eye_distance), 0.3, 0.9)
    face_only = coloured * oval + (1 - coloured) * soft_oval
    return like * np.maximum(face_only, coloured * _connected(like, oval, face.eye_distance))


def _hair_zone(canvas: Canvas, face: Face, inside: Array) -> Array:
    """1 beside and above the forehead, where skin-coloured pixels may be hair; 0 on face and neck."""
    rows, columns = np.mgrid[: inside.shape[0], : inside.shape[1]].astype(np.float32)
    brows = face.points[[105, 334]].mean(axis=0) - canvas.corner
    depth = ((rows - brows[1]) * face.down[1] + (columns - brows[0]) * face.down[0]) / face.eye_distance
    return (1 - 0.85 * inside) * (1 - smoothstep(depth, -0.2, 0.9))


def _likeness(lab: Array, colour: Array, size: float, inside: Array, hair_zone: Array) -> Array:
    """How much a pixel looks like skin: ``colour`` under the light at that pixel, without texture."""
    smooth = blur(lab, 0.012 * size)
    dimming = (smooth[..., :1] + 16) / (colour[0] + 16)  # in shadow, all three Lab channels shrink alike
    off = smooth[..., 1:] - colour[1:] * np.clip(dimming, 0.3, 1.15)
    along = colour[1:] / max(float(np.linalg.norm(colour[1:])), 4.0)
    lengthwise = off @ along
    sidewise = off @ np.array([-along[1], along[0]])
    pale = min(13.0, 0.45 * float(np.linalg.norm(colour[1:])) + 2)  # a white wall must not pass for a pale neck
    shine = 8 * smoothstep(dimming[..., 0], 1.0, 1.25)  # bright spots are paler
    distance = (lengthwise / (pale + inside * (18 - pale + shine))) ** 2 + (sidewise / (7 + inside)) ** 2
    like = np.exp(-1.2 * np.clip(distance * (1 + 1.5 * hair_zone) - 0.8, 0, None))
    like *= smoothstep(dimming[..., 0] - 0.12 * hair_zone, 0.50, 0.66)
    texture = np.sqrt(blur((lab[..., 0] - blur(lab[..., 0], 0.03 * size)) ** 2, 0.05 * size))
    like *= 1 - smoothstep(texture * (1 + hair_zone), 4.5, 8)
    side = max(3, 2 * round(0.05 * size) + 1)
    like += hair_zone * (blur(like, 0.06 * size) - like)  # no patchwork on bald heads
    closed = cv2.morphologyEx(smooth[..., 0], cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return like * (1 - smoothstep(closed - smooth[..., 0], 13, 22))  # thin and dark: glasses, strands of hair


def _connected(like: Array, oval: Array, size: float) -> Array:
    """Soft mask of what is connected to the face, fading with distance from it and at the window's rim."""
    count, labels = cv2.connectedComponents((like > 0.4).astype(np.uint8), connectivity=4)
    overlap = np.bincount(labels.ravel(), (oval * (labels > 0)).ravel(), minlength=count)
    keep = (overlap > 0.05 * oval.sum())[labels].astype(np.float32)
    distance = cv2.distanceTransform((oval < 0.5).astype(np.uint8), cv2.DIST_L2, 3) / size
    height, width = like.shape
    rows = np.minimum(np.arange(height), np.arange(height)[::-1]) / (0.15 * size)
    columns = np.minimum(np.arange(width), np.arange(width)[::-1]) / (0.15 * size)
    rim = smoothstep(np.minimum.outer(rows, columns), 0, 1)
    return blur(keep, 0.02 * size) * (1 - smoothstep(distance, 0.6, 1.25)) * rim
