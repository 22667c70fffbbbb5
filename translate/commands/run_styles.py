"""Runs in the place of styles: exported, from their newest checkpoint, before they are used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from translate.commands.terminal import say
from translate.style.catalogue import list_styles


def is_run(style: str) -> bool:
    """Whether ``style`` is the folder of a run or of a checkpoint; names of shipped styles take precedence."""
    folder = Path(style)
    if style in list_styles() or not folder.is_dir():
        return False
    from translate.config import CONFIG_NAME  # not at the top: making the settings' classes takes a tenth of a second

    return any((folder / mark).exists() for mark in (CONFIG_NAME, "checkpoint.json", "checkpoints"))


@contextmanager
def style_file_of(style: str) -> Iterator[str]:
    """``style`` itself, or, of a run or a checkpoint, its exported file, within the context; raises as exporting does.

    Only a run needs PyTorch.
    """
    if not is_run(style):
        yield style
        return
    from translate.export.cached import exported_run

    with exported_run(Path(style), on_export=say) as file:
        yield str(file)
