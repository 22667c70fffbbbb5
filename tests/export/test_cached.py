"""A run in the place of a style is exported once for each checkpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.styles import write_style
from tests.helpers.toys import write_run
from translate.errors import UserError
from translate.export import cached
from translate.export.cached import exported_run
from translate.style.contract import StyleInfo
from translate.style.session import read_style
from translate.weights import checkpoint

pytestmark = pytest.mark.usefixtures("toy_generators")


@pytest.fixture(autouse=True)
def quick_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write another network with the right metadata: the graph is no matter here, and takes seconds."""

    def write(generator: object, info: StyleInfo, path: Path) -> None:
        path.parent.mkdir(exist_ok=True)
        write_style(path, info=info)

    monkeypatch.setattr(cached, "export_style", write)


def export(run: Path) -> tuple[Path, str, list[str]]:
    """The file, the hash of the weights in it, and what was said."""
    said: list[str] = []
    with exported_run(run, on_export=said.append) as file:
        return file, read_style(file).checkpoint_sha256, said


def test_each_checkpoint_is_exported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSLATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cached, "MAX_EXPORTS", 2)
    run = write_run(tmp_path / "mine", {1: {"generator_ema": 1.0}})
    file, weights, said = export(run)
    assert file.name == "mine.onnx" and weights == checkpoint.find(run).weights_sha256("generator_ema")
    assert said == [f"{run}: exported step 1 to {file}"]
    assert export(run) == (file, weights, [])
    file.write_bytes(b"damaged")
    assert export(run) == (file, weights, said)

    write_run(tmp_path / "mine", {1: {"generator_ema": 1.0}, 2: {"generator_ema": 0.0}})
    newer, other_weights, said = export(run)
    assert newer != file and other_weights != weights and len(said) == 1
    assert export(run / "checkpoints" / "step-000000001")[1] == weights
    assert newer.is_file() and not file.exists()  # two are kept, and this one goes by another name


def test_without_a_cache_the_file_is_temporary(tmp_path: Path) -> None:
    file, _, said = export(write_run(tmp_path / "mine", {1: {"generator_ema": 1.0}}))
    assert len(said) == 1 and not file.exists()


def test_a_run_without_the_generator_is_refused_as_by_export(tmp_path: Path) -> None:
    run = write_run(tmp_path / "mine", {1: {"generator_ema": 1.0}})
    with pytest.raises(UserError, match="direction BtoA: "), exported_run(run, "BtoA"):
        pass
