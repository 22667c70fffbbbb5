"""Does a person stay who they are? What became of the faces in photos, and how far their features moved.

    python -m tools.styles.judge.likeness PHOTOS NAME=DIR...

PHOTOS and each DIR are folders of pictures with the same names and sizes, as `verdict` writes them below its WORK. Runs
in an environment of its own, that of styles/teachers/landmarks.py, whose finder of faces this is. Faces are found anew
in each picture and matched by their eyes; for those found in both, landmarks other than the eyes' (eyelids with the
fold beside them, and irises: a style may draw them larger) are compared, in % of the photo's eye distance. The mesh
trembles by itself: the photo saved as a JPEG of quality 80 is the floor. The finder tells the teacher of a style where
faces are, so it is no judge from outside.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
LANDMARKS = 478
# mediapipe's numbers, right and left: the corners outer and inner, the rim of the lids, the fold around it
CORNERS = ((33, 133), (263, 362))
RIMS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)
FOLDS = (
    (130, 25, 110, 24, 23, 22, 26, 112, 243, 190, 56, 28, 27, 29, 30, 247),
    (359, 255, 339, 254, 253, 252, 256, 341, 463, 414, 286, 258, 257, 259, 260, 467),
)
IRISES = tuple(range(468, 478))
OF_EYES = {*RIMS[0], *RIMS[1], *FOLDS[0], *FOLDS[1], *IRISES}
COMPARED = np.array([number for number in range(LANDMARKS) if number not in OF_EYES])
SAME = 0.5  # of the eye distance: faces whose eyes are no farther apart are one
STILL_THEM = 3.0  # % of the eye distance
JPEG_QUALITY = 80

Find = Callable[[np.ndarray], np.ndarray]  # uint8 RGB [H, W, 3] -> landmarks [F, 478, 3] in pixels


@dataclass
class Likeness:
    """Of several photos, summed up by `add`."""

    before: list[int] = field(default_factory=list)  # faces in each photo
    after: list[int] = field(default_factory=list)  # faces in its picture
    moved: list[np.ndarray] = field(default_factory=list)  # of each matched face: `COMPARED` landmarks, in %

    def add(self, faces: np.ndarray, others: np.ndarray) -> None:
        """The faces of a photo, [F, 478, 3], and those of its picture, [G, 478, 3]."""
        self.before.append(len(faces))
        self.after.append(len(others))
        self.moved += [displacement(faces[one], others[other]) for one, other in match(faces, others)]

    def summary(self) -> str:
        """A row under `HEADINGS`."""
        kept = [after >= before for before, after in zip(self.before, self.after, strict=True) if before]
        same = [after == before for before, after in zip(self.before, self.after, strict=True)]
        shares = [f"{np.mean(kept):.0%}" if kept else "-", f"{np.mean(same):.0%}" if same else "-"]
        means = np.array([face.mean() for face in self.moved])
        ends = np.array([np.percentile(face, 95) for face in self.moved])
        cells = [str(sum(self.before)), str(sum(self.after)), *shares, str(len(means))]
        if len(means):
            cells += [f"{means.mean():.2f} %", f"{ends.mean():.2f} %"]
            cells += [f"{(values < STILL_THEM).mean():.0%}" for values in (means, ends)]
        return "".join(cell.rjust(WIDTH) for cell in cells)


WIDTH = 12
HEADINGS = ("faces", "found", "no fewer", "as many", "matched", "mean", "95 % below", "mean < 3 %", "95 % < 3 %")


def eye_centres(face: np.ndarray) -> np.ndarray:
    """Landmarks [478, 3] -> the middle of each eye's corners, [2, 3]."""
    return np.array([face[list(corners)].mean(axis=0) for corners in CORNERS])


def eye_distance(face: np.ndarray) -> float:
    """Pixels; depth counts, so that it is about the same for a face turned aside."""
    right, left = eye_centres(face)
    return float(np.linalg.norm(right - left))


def match(faces: np.ndarray, others: np.ndarray) -> list[tuple[int, int]]:
    """Positions of one face in both, [F, 478, 3] and [G, 478, 3]: the nearest first, each at most once."""
    pairs = []
    for one, face in enumerate(faces):
        for other, candidate in enumerate(others):
            apart = np.linalg.norm((eye_centres(face) - eye_centres(candidate))[:, :2], axis=1).max()
            pairs.append((apart / eye_distance(face), one, other))
    found: list[tuple[int, int]] = []
    for apart, one, other in sorted(pairs):
        free = all(one != earlier and other != later for earlier, later in found)
        if apart <= SAME and free:
            found.append((one, other))
    return found


def displacement(face: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far each of the `COMPARED` landmarks moved in the plane of the picture, in % of ``face``'s eye distance."""
    moved = np.linalg.norm((face - other)[COMPARED, :2], axis=1)
    return np.asarray(100 * moved / eye_distance(face))


def reencoded(photo: np.ndarray) -> np.ndarray:
    """The photo, uint8 RGB, as a JPEG shows it."""
    _, content = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR))[..., ::-1])


def load(path: Path) -> np.ndarray:
    """uint8 RGB [H, W, 3]. Raises ``OSError``, naming the file."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise OSError(f"{path}: cannot be read")
    return np.ascontiguousarray(picture[..., ::-1])


def measure(photos: Sequence[Path], folders: dict[str, dict[str, Path]], find: Find) -> dict[str, Likeness]:
    """The metrics of each of ``folders``, pictures by stem, and of the JPEG. Raises ``ValueError`` at another size."""
    floor = f"JPEG {JPEG_QUALITY}"
    found = {name: Likeness() for name in (floor, *folders)}
    for path in photos:
        photo = load(path)
        faces = find(photo)
        found[floor].add(faces, find(reencoded(photo)))
        for name, pictures in folders.items():
            picture = load(pictures[path.stem])
            if picture.shape != photo.shape:
                raise ValueError(f"{pictures[path.stem]}: is not of the size of {path}")
            found[name].add(faces, find(picture))
    return found


def pictures_in(folder: Path) -> dict[str, Path]:
    """By name without suffix."""
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES}


def main() -> None:
    from tools.styles.teachers.landmarks import FaceFinder

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("pictures", nargs="+", metavar="NAME=DIR")
    options = parser.parse_args()
    photos = pictures_in(options.photos)
    folders = {
        name: pictures_in(Path(folder)) for name, _, folder in (each.partition("=") for each in options.pictures)
    }
    for name, pictures in folders.items():
        if missing := photos.keys() - pictures.keys():
            parser.error(f"{name}: no picture of {', '.join(sorted(missing)[:5])}")
    finder = FaceFinder()
    found = measure(list(photos.values()), folders, lambda photo: finder.find(photo, working_scale=1.0))
    label = max(map(len, found))
    print(" " * label + "".join(heading.rjust(WIDTH) for heading in HEADINGS))
    for name, likeness in found.items():
        print(name.ljust(label) + likeness.summary())


if __name__ == "__main__":
    main()
