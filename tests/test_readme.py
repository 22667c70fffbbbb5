"""Every command in README.md and in the guides runs verbatim and once, except that training is shortened.

They run in one folder, README's first and then the guides' in the order of the site's navigation, so that what one
makes is there for the next. Commands that need a shell get one; the others run in this process, which loads PyTorch
only once.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.helpers.command_line import Finished, RunCli
from tests.helpers.documentation import blocks, commands, pages_of_the_site, words
from tests.helpers.pairs import picture, write_domains, write_pairs
from tests.helpers.paths import ROOT
from translate.distillation.request import GENERATORS

pytestmark = pytest.mark.slow

TRAINING = "train/"  # the folder of the guides to training
GUIDES = ("index.md", "convert.md", "distil.md", "evaluate.md", "export.md")
PAGES = ["README.md", *(f"docs/{page}" for page in pages_of_the_site() if page in GUIDES or page.startswith(TRAINING))]
ONCE = {words(command): command for page in PAGES for command in commands(page)}
SET_UP = [command for command in ONCE.values() if "pip install" in command]
COMMANDS = [command for command in ONCE.values() if command not in SET_UP]
PYTHON = [block for page in ("README.md", "docs/api.md") for block in blocks(page, "python")]
SHORT_DISTILLATION = "--max-steps 2 --scale 128 --precision fp32"
SHORT = (
    "--steps 2 --crop 128 --resize 0 --batch-size 1 --workers 0 --sample-every 0 --device cpu "
    "--discriminator-options channels=4"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the commands refer to."""
    folder = tmp_path_factory.mktemp("readme")
    write_pairs(folder / "pairs")
    (folder / "facades").mkdir()
    Image.fromarray(np.hstack([picture(1), picture(2)])).save(folder / "facades" / "1.jpg")
    (folder / "photos" / "trip").mkdir(parents=True)
    for name in ("photo.jpg", "photos/one.jpg", *(f"photos/{index}.jpg" for index in range(12)), "photos/trip/two.png"):
        Image.fromarray(picture(3)).save(folder / name)
    shutil.copytree(folder / "photos", folder / "retouched")
    write_film(folder / "film.mp4")
    write_domains(folder / "seasons")
    (folder / "seasons" / "dark").rename(folder / "seasons" / "winter")
    for copy in ("art", "trained-art", "drawn"):
        shutil.copytree(folder / "pairs" / "a", folder / copy)
    for faces in ("faces", "held-out"):
        (folder / faces).mkdir()
        for index in range(8):
            Image.fromarray(picture(index)).save(folder / faces / f"{index}.png")
    rows = [f"{index}.png,{index % 2},{1 - index % 2}" for index in range(8)]
    (folder / "faces.csv").write_text("\n".join(["file,black,blond", *rows]))
    # the commands, as a shell finds them after installation
    (folder / "bin").mkdir()
    for name, module in (("translate", "translate"), ("torchrun", "torch.distributed.run")):
        script = folder / "bin" / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {module} "$@"\n')
        script.chmod(0o755)
    for name in ("magick", "gmic"):  # need not be installed; these copy the first file named to the last
        script = folder / "bin" / name
        script.write_text(
            '#!/bin/sh\nfor file; do [ -f "$file" ] && input=${input:-$file}; done\ncp "$input" "$file"\n'
        )
        script.chmod(0o755)
    return folder


def write_film(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 80 * index, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def in_shell(command: str, folder: Path) -> Finished:
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, check=False, timeout=200
    )
    return Finished(done.returncode, done.stdout, done.stderr.decode())


def shortened(command: str) -> str:
    """Shorten training to two steps of small networks: later options on a command line override earlier ones."""
    if " distill " in command:
        return f"{command} {SHORT_DISTILLATION}"
    if " data demo " in command:
        return f"{command} --count 5"
    if " train " not in command:
        return command
    if " --init " in command:  # the weights determine the network's width
        return f"{command} {SHORT}"
    options = "--generator-options channels=4"
    if " pix2pix " in command:
        options += " --generator mobile"  # exports in a fifth of the time that U-Net takes
    if " gan " in command:
        options += " --crop 16"  # no larger than the pictures
    if " stargan " in command or "fast" in command:
        options += " --generator-options blocks=1"
    return f"{command} {SHORT} {options}"


@pytest.mark.timeout(600)  # some sixty commands
def test_every_command_works_in_order(folder: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
    monkeypatch.setitem(GENERATORS, "medium", {"channels": 4, "wide_channels": 4, "dilations": [1]})
    for command in COMMANDS:
        program, *arguments = words(shortened(command))
        if program != "translate" or set("<>|*") & set(command):
            done = in_shell(shortened(command), folder)
        else:
            done = run_cli(*arguments)
        assert done.code == 0, f"{command}\n{done.err}"
    assert Image.open(folder / "photo-anime.jpg").size == Image.open(folder / "photo.jpg").size
    assert Image.open(folder / "all" / "trip" / "two-drawn.png").format == "PNG"
    assert Image.open(folder / "sheet" / "one.jpg").width == 2 * Image.open(folder / "photos" / "one.jpg").width
    assert (folder / "drawn.mp4").stat().st_size
    assert Image.open(folder / "anime.jpg").format == "JPEG"
    assert Image.open(folder / "mine" / "one.jpg").size == Image.open(folder / "photos" / "one.jpg").size


def test_the_python_examples_run(folder: Path) -> None:
    for lines in PYTHON:
        done = in_shell(f"{shlex.quote(sys.executable)} -c {shlex.quote(lines)}", folder)
        assert done.code == 0, done.err
    assert PYTHON
    assert Image.open(folder / "drawn.png").size == Image.open(folder / "photo.jpg").size


def test_setup_is_two_self_contained_commands(folder: Path) -> None:
    """Installing is left to .ci/run, which runs both verbatim; here the part after the installation runs."""
    assert len(SET_UP) == 2
    for command in SET_UP:
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    clone = folder / "clone"
    shutil.copytree(ROOT / "assets" / "photos", clone / "assets" / "photos")
    convert = SET_UP[0].split(" && ")[-1].removeprefix(".venv/bin/")
    done = in_shell(f"cd clone && {convert}", folder)
    assert done.code == 0, done.err
    photos = sorted(path.name for path in (clone / "assets" / "photos").glob("*.jpg"))
    assert sorted(path.name for path in (clone / "anime").iterdir()) == photos
    assert SET_UP[1].endswith(".venv/bin/python -m pytest")
