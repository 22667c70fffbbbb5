"""Small folders and settings for the training tests: B is A with its colours inverted, paired or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.config import CONFIGS, Pix2PixConfig, TrainConfig


def picture(seed: int, *, width: int = 40, height: int = 36) -> NDArray[np.uint8]:
    """A smooth random picture, uint8 [height, width, 3]; no two neighbourhoods are alike."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def write_pairs(folder: Path, count: int = 6) -> tuple[Path, Path]:
    """``count`` pairs in ``folder/a`` (PNG) and ``folder/b`` (WebP, lossless); the two folders."""
    a, b = folder / "a", folder / "b"
    for index in range(count):
        # a subfolder too: pairs match by relative path
        name = f"sub/{index}" if index % 2 else f"{index}"
        for side, pixels, suffix in ((a, picture(index), ".png"), (b, 255 - picture(index), ".webp")):
            target = (side / name).with_suffix(suffix)
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(target, lossless=True)
    return a, b


def tiny_settings(a: Path, b: Path, out: Path, /, **changes: object) -> dict[str, object]:
    """Settings of a run of four steps that takes about a second."""
    return {
        "a": a,
        "b": b,
        "out": out,
        "generator": "mobile",
        "generator_options": {"channels": 4, "dilations": [1, 2]},
        "discriminator_options": {"channels": 4, "layers": 2},
        "crop": 24,
        "batch_size": 2,
        "steps": 4,
        "workers": 0,
        "log_every": 1,
        "sample_every": 0,
        "save_every": 1,
        "device": "cpu",
    } | changes


def tiny_config(a: Path, b: Path, out: Path, /, **changes: object) -> Pix2PixConfig:
    return Pix2PixConfig.from_dict(tiny_settings(a, b, out, **changes))


# settings of each method's tiny run besides the folders
TINY: dict[str, dict[str, object]] = {
    "pix2pix": {},
    "cyclegan": {"pool_size": 6},
    "cut": {"nce_patches": 16},
    "stargan": {
        "generator": "stargan",
        "generator_options": {"channels": 4, "blocks": 1},
        "discriminator": "stargan",
        "discriminator_options": {"channels": 4, "layers": 2},
        "n_critic": 2,
    },
    "animegan": {"content_start": 0.0},
    "gan": {
        "generator": "r3",
        "generator_options": {"channels": 8, "widest": 16, "z_dim": 8},
        "discriminator": "patchgan",
        "crop": 16,
        "lr": 2e-5,  # Adam takes a full step even for a gradient of mere rounding
        "lambda_r1": 0.0,
        "lambda_r2": 0.0,
        "val_samples": 2,
    },
    "cgan": {
        "generator": "r3",
        "generator_options": {"channels": 8, "widest": 16, "z_dim": 8},
        "discriminator": "patchgan",
        "crop": 16,
        "lr": 2e-5,
        "lambda_r1": 0.0,
        "lambda_r2": 0.0,
        "val_samples": 2,
        "condition_width": 32,
        "drop_condition": 0.25,
    },
    "glo": {"generator_options": {"channels": 8, "widest": 16, "z_dim": 8}, "crop": 16, "generator": "r3"},
    "gon": {"generator_options": {"channels": 8, "widest": 16, "z_dim": 8}, "crop": 16, "generator": "r3"},
}
FROM_NOISE = ("gan", "cgan", "glo", "gon")
WITHOUT_DISCRIMINATOR = ("glo", "gon")


def write_domains(folder: Path, count: int = 4) -> Path:
    """Three domains, ``folder/dark``, ``folder/inverted`` and ``folder/plain``, of ``count`` pictures each."""
    for name in ("dark", "inverted", "plain"):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            plain = picture(index)
            pixels = {"dark": plain // 3, "inverted": 255 - plain, "plain": plain}[name]
            Image.fromarray(pixels).save(folder / name / f"{index}.png")
    return folder


def write_pictures(folder: Path, count: int = 12) -> Path:
    """``count`` pictures of several sizes in ``folder``, half of them in a subfolder."""
    (folder / "more").mkdir(parents=True)
    for index in range(count):
        place = folder / "more" if index % 2 else folder
        Image.fromarray(picture(index, width=40 + index, height=36)).save(place / f"{index}.png")
    return folder


def write_attributes(table: Path, images: Path) -> Path:
    """A table of the pictures: whether each is in the subfolder, and its number."""
    names = sorted(path.relative_to(images).as_posix() for path in images.rglob("*.png"))
    lines = [f"{name},{int(name.startswith('more'))},{Path(name).stem}" for name in names]
    table.write_text("\n".join(["file,more,number", *lines]), encoding="utf-8")
    return table


def tiny_run(method: str, folder: Path, out: Path, /, **changes: object) -> TrainConfig:
    """Settings of a run of ``method`` on folders below ``folder``, which are written if missing."""
    if method == "stargan":
        domains = folder / "domains"
        given: dict[str, object] = {"domains": domains if domains.is_dir() else write_domains(domains)}
    elif method in FROM_NOISE:
        images = folder / "images"
        given = {"images": images if images.is_dir() else write_pictures(images)}
        if method == "cgan":
            given["attributes"] = write_attributes(folder / "attributes.csv", images)
    else:
        a, b = (folder / "a", folder / "b") if (folder / "a").is_dir() else write_pairs(folder)
        given = {"a": a, "b": b}
    settings = tiny_settings(folder, folder, out)
    del settings["a"], settings["b"]
    return CONFIGS[method].from_dict(settings | given | TINY[method] | changes)
