"""Models to evaluate: a shipped style, a style file, a run or one of its checkpoints, each opened as a style."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from translate.config import CONFIG_NAME
from translate.errors import UnusableError, UserError
from translate.style.catalogue import find_sampler, find_style, list_samplers, list_styles
from translate.style.sampler_contract import KIND, SAMPLER
from translate.style.session import metadata_of, open_session
from translate.style.translator import Translator

Direction = Literal["AtoB", "BtoA"]


@contextmanager
def open_model(model: str, *, device: str = "auto", direction: Direction = "AtoB") -> Iterator[Translator]:
    """A ``Translator`` of `model_file` on ``device``, within the context.

    Raises as both do, and ``UserError`` for a style that enlarges.
    """
    with model_file(model, direction=direction) as file:
        translator = Translator(file, device=device)
        translator.info.require_same_size()
        yield translator


@contextmanager
def model_file(model: str, *, direction: Direction = "AtoB") -> Iterator[Path]:
    """The ONNX file of ``model``: the name of a shipped style, a file, or the folder of a run or of a checkpoint.

    A run stands for its newest checkpoint. It is exported and checked against PyTorch, as by `translate export`,
    unless the cache has that file (`export.cached.exported_run`); the file exists within the context. ``direction``
    selects the generator of a run with one per direction. The name of a style is its float32 file, whatever the
    processor; ``cel-int8`` names the int8 variant.

    Raises ``UnusableError`` where ``model`` is none of these or holds no usable network, ``UserError`` where a run has
    no checkpoint or no generator for ``direction``.
    """
    if is_folder(model):
        from translate.export.cached import exported_run

        with exported_run(Path(model), direction) as file:
            yield file
    else:
        yield _style_file(model)


def is_folder(model: str) -> bool:
    """Whether ``model`` is a folder; names of shipped styles take precedence."""
    return Path(model).is_dir() and model not in list_styles()


def _holds_run(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in (CONFIG_NAME, "checkpoints"))


def _style_file(model: str) -> Path:
    try:
        return find_style(model)
    except UnusableError:
        raise UnusableError(
            f"{model}: neither a shipped style ({', '.join(list_styles()) or 'none'}), nor an .onnx file, nor the "
            "folder of a run or of a checkpoint"
        ) from None


def makes_pictures_from_noise(model: str) -> bool:
    """Whether ``model``, a file, the name of a shipped sampler, or the folder of a run, is a sampler."""
    if is_folder(model):
        from translate.weights import checkpoint

        return checkpoint.find(Path(model)).from_noise
    try:
        path = find_sampler(model)
    except UserError:
        return False  # the name of a style, or nothing: opening it as one says what is wrong
    return metadata_of(open_session(path, ["CPUExecutionProvider"], optimise=False)).get(KIND) == SAMPLER


@contextmanager
def sampler_file(model: str) -> Iterator[Path]:
    """The ONNX file of ``model``, within the context: as `model_file`, for samplers.

    The name of a shipped sampler stands for it where there is a folder of that name, too, but no run in it.
    """
    if not is_folder(model) or (model in list_samplers() and not _holds_run(Path(model))):
        yield find_sampler(model)
        return
    from translate.export.sampler import export_sampler, load_sampler_run

    with TemporaryDirectory() as folder:
        file = Path(folder) / "sampler.onnx"
        export_sampler(*load_sampler_run(Path(model), title=Path(model).name), file)
        yield file
