"""The wheel, installed outside the clone: it includes the styles, and does not need PyTorch."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.pairs import picture
from tests.helpers.paths import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, as pip would unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=100)
    (wheel,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    # make training's libraries unavailable, as on a machine that only converts
    for name in ("torch", "torchvision", "albumentations", "cv2", "kornia", "accelerate", "onnx", "safetensors"):
        stub = f"raise ModuleNotFoundError({f'No module named {name!r}'!r}, name={name!r})"
        (folder / "site" / f"{name}.py").write_text(stub)
    return folder / "site"


def translate(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "translate", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_a_photo_converts_in_an_empty_folder_without_pytorch(installed: Path, tmp_path: Path) -> None:
    Image.fromarray(picture(1)).save(tmp_path / "some.jpg")
    done = translate(installed, tmp_path, "convert", "some.jpg")
    assert done.returncode == 0, done.stderr
    assert Image.open(tmp_path / "some-anime.jpg").size == (40, 36)


def test_training_without_pytorch_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    done = translate(installed, tmp_path, "train", "pix2pix", "--data", "pairs", "--out", "run")
    assert done.returncode == 3
    assert done.stderr.strip().splitlines()[-1].endswith("pip install 'picture-translate[train]'")
    assert "Traceback" not in done.stderr
