"""Shared by all tests: small styles that keep the contract, drawn pictures, and the command line in this process."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.command_line import Finished, RunCli
from tests.helpers.pictures import draw_photo
from tests.helpers.styles import LOOKS, style_info, write_style
from translate import cli
from translate.machine import usable_cores


def pytest_configure() -> None:
    """Give each worker its share of the cores, before PyTorch takes them all."""
    workers = os.environ.get(
        "PYTEST_XDIST_WORKER_COUNT"
    )  # not set where the workers are started, which inherit from it
    if workers is not None:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, usable_cores() // int(workers))))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with those that have a time limit of their own: the longest must not run when all others are done."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


@pytest.fixture(scope="session")
def tiny_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tile-safe style that changes every picture."""
    return write_style(tmp_path_factory.mktemp("styles") / "tiny.onnx")


@pytest.fixture(scope="session")
def whole_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A style that takes statistics over the picture, so that it is not tile-safe."""
    return write_style(tmp_path_factory.mktemp("styles") / "whole.onnx", whole_picture=True)


@pytest.fixture(scope="session")
def season_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tile-safe style with domains, of which a picture goes to exactly one."""
    info = style_info(domains=["spring", "late summer", "autumn"])
    return write_style(tmp_path_factory.mktemp("styles") / "season.onnx", info=info)


@pytest.fixture(scope="session")
def face_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tile-safe style with attributes, any of which may hold."""
    info = style_info(domains=["smiling", "blond", "glasses"], exclusive=False)
    return write_style(tmp_path_factory.mktemp("styles") / "face.onnx", info=info)


@pytest.fixture(scope="session")
def look_style(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tile-safe style with a condition, of two attributes."""
    info = style_info(condition=LOOKS.to_json())
    return write_style(tmp_path_factory.mktemp("styles") / "look.onnx", info=info)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A JPEG of 61 x 47 pixels."""
    path = tmp_path / "photo.jpg"
    Image.fromarray(draw_photo(61, 47)).save(path, quality=95)
    return path


@pytest.fixture
def toy_generators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Generators with known answers, by the names in `tests.helpers.toys`."""
    from models import GENERATORS  # not at the top: it brings PyTorch, which `pytest_configure` comes before
    from tests.helpers.toys import TOYS

    for name, generator in TOYS.items():
        monkeypatch.setitem(GENERATORS, name, generator)


@pytest.fixture(autouse=True)
def no_session_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the user's folders alone: the cache and the styles that were pulled."""
    monkeypatch.setenv("TRANSLATE_CACHE", "")
    monkeypatch.setenv("TRANSLATE_STYLES", "")


@pytest.fixture
def run_cli(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> RunCli:
    """Run `translate ARGUMENTS...` in this process; no exception but SystemExit may leave it."""

    def run(*arguments: object, stdin: bytes = b"") -> Finished:
        monkeypatch.setattr(sys, "argv", ["translate", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as exit:
            cli.main()
        captured = capfdbinary.readouterr()
        assert isinstance(exit.value.code, int)
        return Finished(exit.value.code, captured.out, captured.err.decode())

    return run
