"""Difficult file names, links, pipes, devices, and folders without permission."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.helpers.corpus.entry import UPRIGHT, Entry, encoded, write

CLOSED = "output is read-only"  # the folder below `places` whose results cannot be written


def names(folder: Path, _random: np.random.Generator) -> Iterator[Entry]:
    """A picture under every kind of name that a file system accepts."""
    content = encoded(UPRIGHT, "PNG")
    strange = [
        b"with space.png",
        b"two  spaces.png",
        b" leading and trailing .png",
        b"new\nline.png",
        b"carriage\rreturn.png",
        b"tab\tand bell\a.png",
        b"escape \x1b[31mred\x1b[0m.png",
        b"not utf-8 \xff\xfe.png",
        b"-o.png",
        b"--help.png",
        b"-.png",
        b"x" * 251 + b".png",
        "\N{HIRAGANA LETTER A}".encode() * 83 + b"xx.png",
        b"[a-z].png",
        b"*.png",
        b"%s %d {0} $HOME `x`.png",
        b"[bold red]markup.png",
        b"quo'te\".png",
        b"back\\slash.png",
        b"many.dots.in.it..png",
        b"UPPER.PNG",
        "a\u0308 decomposed.png".encode(),
        "\N{GRINNING FACE}\u202egnp.png".encode(),
        b"c:colon.png",
        b"s3:bucket.png",
    ]
    for name in strange:
        yield write(folder / os.fsdecode(name), content, picture=UPRIGHT)
    for name in (b"new\nline", b"bad \xff", b"two  spaces"):
        yield write(folder / os.fsdecode(name + b", broken.png"), content[:60], "refused")
        inside = folder / os.fsdecode(name)
        inside.mkdir()
        yield write(inside / "inside.png", content, picture=UPRIGHT)


def places(folder: Path, _random: np.random.Generator) -> Iterator[Entry]:
    """Things named like files that are none, unreadable ones, and places where nothing can be written."""
    content = encoded(UPRIGHT, "PNG")
    yield write(folder / "target.png", content, picture=UPRIGHT)
    links = {"link.png": "target.png", "absolute link.png": str(folder / "target.png")}
    broken = {"dangling.png": "nothing", "loop.png": "loop.png", "there.png": "back.png", "back.png": "there.png"}
    devices = {"zero.png": "/dev/zero", "random.jpg": "/dev/urandom", "null.gif": "/dev/null", "full.webp": "/dev/full"}
    for name, target in (links | broken | devices).items():
        (folder / name).symlink_to(target)
    yield from (Entry(folder / name, "converted", np.asarray(UPRIGHT)) for name in links)
    yield from (Entry(folder / name, "refused", regular=False) for name in broken | devices)
    (folder / "loop of folders").symlink_to(".")
    (folder / "folder.png").mkdir()
    yield write(folder / "folder.png" / "inside.png", content, picture=UPRIGHT)
    deep = folder.joinpath(*["deep"] * 60)
    deep.mkdir(parents=True)
    yield write(deep / "deep.png", content, picture=UPRIGHT)

    for name in ("pipe.png", "another pipe.jpg", "video.mp4"):
        os.mkfifo(folder / name)
        yield Entry(folder / name, "refused", regular=False)
    here = Path.cwd()
    os.chdir(folder)  # the path of a socket is limited to about a hundred bytes
    try:
        socket.socket(socket.AF_UNIX).bind("socket.png")
    finally:
        os.chdir(here)
    yield Entry(folder / "socket.png", "refused", regular=False)

    yield write(folder / "unreadable.png", content, "refused")
    (folder / "unreadable.png").chmod(0)
    yield write(folder / "read-only.png", content, picture=UPRIGHT)
    (folder / "read-only.png").chmod(0o444)
    for name, mode in (("read-only", 0o555), ("closed", 0), ("names alone", 0o444), (CLOSED, 0o755)):
        inside = folder / name
        inside.mkdir()
        entry = write(inside / "inside.png", content, "converted" if name == "read-only" else "refused")
        inside.chmod(mode)
        yield entry if name != "closed" else Entry(inside, "refused", regular=False)  # its content cannot be seen
