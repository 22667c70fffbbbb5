from pathlib import Path

import pytest
import torch

from models import build_generator
from translate.errors import UnusableError, UserError
from translate.weights import checkpoint

CONFIG = {"method": "pix2pix", "generator": "mobile", "generator_options": {"channels": 4, "dilations": [1]}}


def save(run: Path, step: int, *, keep: int = 9, value: float = 1.0) -> Path:
    generator = build_generator("mobile", channels=4, dilations=[1]).to(memory_format=torch.channels_last)
    with torch.no_grad():
        next(generator.parameters()).fill_(value)
    return checkpoint.save(
        run, step, config=CONFIG, weights={"generator_ema": generator.state_dict()}, state={"count": step}, keep=keep
    )


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    save(tmp_path, 5, value=0.25)
    generator, found = checkpoint.load_generator(tmp_path)
    assert found.step == 5
    assert found.config == CONFIG
    assert found.state(torch.device("cpu")) == {"count": 5}
    assert torch.all(next(generator.parameters()) == 0.25)
    assert not generator.training


def test_newest_is_found_and_old_ones_are_dropped(tmp_path: Path) -> None:
    for step in (1, 2, 10):
        save(tmp_path, step, keep=2)
    assert [found.step for found in checkpoint.checkpoints(tmp_path)] == [2, 10]
    assert checkpoint.find(tmp_path).step == 10
    assert checkpoint.find(tmp_path / "checkpoints" / "step-000000002").step == 2
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["step-000000002", "step-000000010"]


def test_the_checkpoint_just_written_stays(tmp_path: Path) -> None:
    """After a rollback its step may be below that of another, or the same."""
    save(tmp_path, 10)
    save(tmp_path, 5, keep=1)
    save(tmp_path, 5, keep=1, value=0.25)
    generator, found = checkpoint.load_generator(tmp_path)
    assert found.step == 5 and torch.all(next(generator.parameters()) == 0.25)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-000000005"]


def test_unfinished_checkpoints_are_never_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path, 1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        save(tmp_path, 2)
    assert checkpoint.find(tmp_path).step == 1
    checkpoint.remove_unfinished(tmp_path)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step-000000001"]


def test_damaged_checkpoint_names_file_and_remedy(tmp_path: Path) -> None:
    path = save(tmp_path, 1)
    file = path / "generator_ema.safetensors"
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(UnusableError, match=r"generator_ema\.safetensors: cannot be read.*remove .*step-000000001"):
        checkpoint.load_generator(tmp_path)


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path, 1)
    description = path / "checkpoint.json"
    description.write_text(description.read_text().replace('"channels": 4', '"channels": 8'))
    with pytest.raises(UnusableError, match="another architecture"):
        checkpoint.load_generator(tmp_path)
    description.write_text(description.read_text().replace("mobile", "enormous"))
    with pytest.raises(UnusableError, match=r"enormous.*choose one of"):
        checkpoint.load_generator(tmp_path)


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no checkpoint"):
        checkpoint.find(tmp_path)
    with pytest.raises(UserError, match="no such run"):
        checkpoint.find(tmp_path / "missing")


def test_pickled_code_is_not_run(tmp_path: Path) -> None:
    path = save(tmp_path, 1)
    torch.save({"path": Path()}, path / "state.pt")  # a class that weights_only does not admit
    with pytest.raises(UnusableError, match=r"state\.pt"):
        checkpoint.find(tmp_path).state(torch.device("cpu"))
