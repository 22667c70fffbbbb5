"""Untrusted weights and checkpoints: code in them is never run, and what is wrong with them is one line."""

from __future__ import annotations

import io
import pickle
import random
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image

from models import build_generator
from tests.helpers.command_line import RunCli
from tests.helpers.pairs import picture
from translate.errors import ExitCode, UnusableError, UserError
from translate.evaluate.extractors import build_extractor
from translate.weights import checkpoint, safe_load
from translate.weights.feature_networks import build_feature_network
from translate.weights.safe_load import load_state, load_tensors

NEVER = "pickled code, which is never run"
OPTIONS = {"channels": 4, "wide_channels": 4}


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.mark,)


def saved(content: object, *, zipped: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


@pytest.fixture(params=["pickle", "torch", "older torch", "whole network", "TorchScript"])
def evil(request: pytest.FixtureRequest, tmp_path: Path) -> bytes:
    """A file that would run code if loaded without care."""
    thing = Evil(tmp_path / "ran")
    if request.param == "pickle":
        return pickle.dumps({"layer.weight": thing})
    if request.param == "TorchScript":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.jit.script(torch.nn.Linear(1, 1)).save_to_buffer()
    if request.param == "whole network":
        return saved(torch.nn.Linear(1, 1))
    return saved({"layer.weight": torch.zeros(1), "thing": thing}, zipped=request.param == "torch")


def refused(load: Callable[[], object], message: str, evil: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """``load`` raises an error in one line that matches ``message``; nothing ran, nothing was printed."""
    capfd.readouterr()
    with pytest.raises((ValueError, UserError), match=message) as error:
        load()
    assert str(error.value).isprintable()
    assert "weights_only" not in str(error.value)
    assert not (evil.parent / "ran").exists()
    assert capfd.readouterr() == ("", "")


def test_weights_with_code(tmp_path: Path, evil: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "evil.pth"
    path.write_bytes(evil)
    refused(lambda: load_state(path), NEVER, path, capfd)
    flagged = f"^feature_weights {path}: .*{NEVER}"
    refused(lambda: build_feature_network("efficientnet-lite0", path), flagged, path, capfd)
    for network in ("efficientnet-lite0", "inception-v3"):
        refused(lambda n=network: build_extractor(n, weights=path), f"^weights {path}: .*{NEVER}", path, capfd)  # type: ignore[misc]
    path = path.rename(tmp_path / "evil.safetensors")
    refused(lambda: load_tensors(path), "header", path, capfd)
    refused(lambda: build_feature_network("vgg19", path), f"^feature_weights {path}: cannot be read", path, capfd)


def test_downloads_are_loaded_without_code(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}

    def download(*arguments: object, **options: object) -> None:
        given.update(options)
        raise OSError("no network here")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", download)
    with pytest.raises(UnusableError, match="no network here"):
        build_extractor("inception-v3")
    assert given["weights_only"] is True and given["check_hash"] is True


def small_run(folder: Path) -> Path:
    """Write a run; returns its checkpoint."""
    weights = {name: build_generator("mobile", **OPTIONS).state_dict() for name in ("generator", "generator_ema")}
    config = {"generator": "mobile", "generator_options": OPTIONS}
    return checkpoint.save(folder, 1, config=config, weights=weights, state={"rollbacks": 0}, keep=1)


def test_checkpoints_with_code(tmp_path: Path, evil: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = small_run(tmp_path)
    found = checkpoint.find(tmp_path)
    assert found.state(torch.device("cpu")) == {"rollbacks": 0}
    (path / "state.pt").write_bytes(evil)
    refused(lambda: found.state(torch.device("cpu")), rf"state\.pt: cannot be read: .*{NEVER}", tmp_path / "x", capfd)
    (path / "generator_ema.safetensors").write_bytes(evil)
    refused(
        lambda: checkpoint.load_generator(tmp_path),
        r"generator_ema\.safetensors: cannot be read",
        tmp_path / "x",
        capfd,
    )


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("[" * 100_000, "cannot be read"),
        ("[]", "does not describe a checkpoint"),
        ('{"step": 1, "config": {"generator": "mobile", "generator_options": [1]}}', "names no generator"),
        ('{"step": 1, "config": {"generator": "mobile", "generator_options": {"channels": "\\u001b"}}}', "names no"),
        ('{"step": 1, "config": {"generator": "os.system", "generator_options": {}}}', "names no generator"),
    ],
)
def test_checkpoints_that_describe_nothing(tmp_path: Path, description: str, message: str) -> None:
    (small_run(tmp_path) / "checkpoint.json").write_text(description)
    with pytest.raises(UnusableError, match=message):
        checkpoint.load_generator(tmp_path)


def test_damage_is_a_value_error(tmp_path: Path) -> None:
    rng = random.Random(0)
    tensors = {"layer": torch.zeros(3), "other": torch.ones(2, 2)}
    originals = [saved(tensors), saved(tensors, zipped=False), pickle.dumps(Evil(tmp_path / "ran"))]
    path = tmp_path / "damaged.pth"
    failed = 0
    for _ in range(600):
        content = bytearray(rng.choice(originals))
        for _ in range(rng.choice([1, 2, 8])):
            content[rng.randrange(len(content))] = rng.randrange(256)
        path.write_bytes(content)
        try:
            load_state(path)
        except (OSError, ValueError):
            failed += 1
    assert failed > 300
    assert not (tmp_path / "ran").exists()


def test_a_lack_of_memory_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy for damage is to remove the checkpoint."""

    def load(*arguments: object, **options: object) -> None:
        raise MemoryError

    small_run(tmp_path)
    found = checkpoint.find(tmp_path)
    monkeypatch.setattr(torch, "load", load)
    monkeypatch.setattr(safe_load, "load_file", load)
    with pytest.raises(MemoryError):
        found.state(torch.device("cpu"))
    with pytest.raises(MemoryError):
        found.weights("generator")


def test_the_commands_refuse_in_one_line(run_cli: RunCli, tmp_path: Path) -> None:
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        folder.mkdir()
        for number in range(4):
            Image.fromarray(picture(number)).save(folder / f"{number}.png")
    path = tmp_path / "evil.pth"
    path.write_bytes(saved({"thing": Evil(tmp_path / "ran")}))
    source = small_run(tmp_path / "source")
    shutil.copy(path, source / "generator_ema.safetensors")
    data = ("--a", folders[0], "--b", folders[1], "--resize", 0, "--crop", 32, "--steps", 1, "--workers", 0)
    small = ("--generator", "mobile", "--discriminator", "pixel")
    for command, code in (
        (("evaluate", folders[0], "--real", folders[1], "--weights", path), ExitCode.USAGE),
        (("train", "animegan", *data, "--out", tmp_path / "one", "--feature-weights", path), ExitCode.USAGE),
        (("train", "cut", *data, *small, "--out", tmp_path / "two", "--init", tmp_path / "source"), ExitCode.UNUSABLE),
        (("export", tmp_path / "source", "-o", tmp_path / "style.onnx"), ExitCode.UNUSABLE),
    ):
        done = run_cli(*command)
        said = done.err.splitlines()
        assert done.code == code, done.err
        assert "cannot be read" in said[-1] and "Traceback" not in done.err
    assert not (tmp_path / "ran").exists()
