"""Do people stay recognisable? Are the faces in photos still found, and how far have their features moved?

    python -m tools.styles.judge.likeness PHOTOS NAME=DIR...

PHOTOS and each DIR are folders of pictures with the same names and sizes, as `verdict` writes them below its WORK. Runs
in the separate environment of styles/teachers/landmarks.py, whose face detector it uses. Faces are detected separately
in each picture and matched by their eyes; for those found in both, it measures how far landmarks moved, in % of the
photo's eye distance: the mean and the 95th percentile (P95) per face. Those of the eyes (lids with their folds, and
irises) are left out, as a style may enlarge them. Landmarks are noisy: the photo saved as a JPEG of quality 80 gives
the floor. The same detector tells the teacher of a style where faces are, so this judge is not independent.
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
# MediaPipe's landmark numbers, right eye and left: outer and inner corner, rims of the lids, folds around them
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
EYE_LANDMARKS = {*RIMS[0], *RIMS[1], *FOLDS[0], *FOLDS[1], *IRISES}
COMPARED = np.array([number for number in range(LANDMARKS) if number not in EYE_LANDMARKS])
MATCH_DISTANCE = 0.5  # of the eye distance: faces whose eyes are at most this far apart are the same face
RECOGNISABLE_BELOW = 3.0  # % of the eye distance
JPEG_QUALITY = 80

Find = Callable[[np.ndarray], np.ndarray]  # uint8 RGB [H, W, 3] -> landmarks [F, 478, 3] in pixels


@dataclass
class Likeness:
    """The faces of several photos, collected by `add`."""

    before: list[int] = field(default_factory=list)  # faces in each photo
    after: list[int] = field(default_factory=list)  # faces in its picture
    moved: list[np.ndarray] = field(default_factory=list)  # `displacement` of each matched face

    def add(self, faces: np.ndarray, others: np.ndarray) -> None:
        """Add the faces of a photo, [F, 478, 3] in pixels, and those of its picture, [G, 478, 3]."""
        self.before.append(len(faces))
        self.after.append(len(others))
        self.moved += [displacement(faces[one], others[other]) for one, other in match(faces, others)]

    def summary(self) -> str:
        """A row under `HEADINGS`."""
        kept = [after >= before for before, after in zip(self.before, self.after, strict=True) if before]
        same = [after == before for before, after in zip(self.before, self.after, strict=True)]
        shares = [f"{np.mean(kept):.0%}" if kept else "-", f"{np.mean(same):.0%}" if same else "-"]
        means = np.array([face.mean() for face in self.moved])
        percentiles = np.array([np.percentile(face, 95) for face in self.moved])
        cells = [str(sum(self.before)), str(sum(self.after)), *shares, str(len(means))]
        if len(means):
            cells += [f"{means.mean():.2f} %", f"{percentiles.mean():.2f} %"]
            cells += [f"{(values < RECOGNISABLE_BELOW).mean():.0%}" for values in (means, percentiles)]
        return "".join(cell.rjust(WIDTH) for cell in cells)


WIDTH = 12
HEADINGS = ("faces", "found", "no fewer", "as many", "matched", "mean", "P95", "mean < 3 %", "P95 < 3 %")


def eye_centres(face: np.ndarray) -> np.ndarray:
    """Landmarks [478, 3] -> the point midway between the corners of each eye, [2, 3]."""
    return np.array([face[list(corners)].mean(axis=0) for corners in CORNERS])


def eye_distance(face: np.ndarray) -> float:
    """In pixels, including depth, so that turning the head hardly changes it."""
    right, left = eye_centres(face)
    return float(np.linalg.norm(right - left))


def match(faces: np.ndarray, others: np.ndarray) -> list[tuple[int, int]]:
    """Index pairs of the same face in both, [F, 478, 3] and [G, 478, 3]: closest first, each face at most once."""
    pairs = []
    for one, face in enumerate(faces):
        for other, candidate in enumerate(others):
            apart = np.linalg.norm((eye_centres(face) - eye_centres(candidate))[:, :2], axis=1).max()
            pairs.append((apart / eye_distance(face), one, other))
    found: list[tuple[int, int]] = []
    for apart, one, other in sorted(pairs):
        free = all(one != earlier and other != later for earlier, later in found)
        if apart <= MATCH_DISTANCE and free:
            found.append((one, other))
    return found


def displacement(face: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far each of the `COMPARED` landmarks moved in the image plane, in % of ``face``'s eye distance."""
    moved = np.linalg.norm((face - other)[COMPARED, :2], axis=1)
    return np.asarray(100 * moved / eye_distance(face))


def reencoded(photo: np.ndarray) -> np.ndarray:
    """The photo, uint8 RGB, saved as a JPEG of `JPEG_QUALITY` and read again."""
    _, content = cv2.imencode(".jpg", photo[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.ascontiguousarray(np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR))[..., ::-1])


def load(path: Path) -> np.ndarray:
    """uint8 RGB [H, W, 3]. Raises ``OSError`` naming the file if it cannot be read."""
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise OSError(f"{path}: cannot be read")
    return np.ascontiguousarray(picture[..., ::-1])


def measure(photos: Sequence[Path], folders: dict[str, dict[str, Path]], find: Find) -> dict[str, Likeness]:
    """The metrics of each of ``folders`` (stem -> picture) and of the JPEG; ``ValueError`` where sizes differ."""
    floor = f"JPEG {JPEG_QUALITY}"
    found = {name: Likeness() for name in (floor, *folders)}
    for path in photos:
        photo = load(path)
        faces = find(photo)
        found[floor].add(faces, find(reencoded(photo)))
        for name, pictures in folders.items():
            picture = load(pictures[path.stem])
            if picture.shape != photo.shape:
                raise ValueError(f"{pictures[path.stem]}: differs in size from {path}")
            found[name].add(faces, find(picture))
    return found


def pictures_in(folder: Path) -> dict[str, Path]:
    """The pictures of ``folder`` by name without suffix."""
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
