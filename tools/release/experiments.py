"""The experiments in docs/experiments: run them and write their pages, or write them as notebooks.

    python -m tools.release.experiments pages              # all, at their full setting: docs/experiments/NAME.md, plots
    python -m tools.release.experiments pages distances    # one of them
    python -m tools.release.experiments notebooks FOLDER   # NAME.ipynb, not executed

A source, docs/experiments/NAME.py, is a notebook in jupytext's percent format. Its page has its text, its code, what
the code printed and its plots. A cell with a title draws a plot: the page shows that alone, with the title as the
alternative text. The environment variable EXPERIMENT_SHARE makes an experiment shorter, 0.1 for a tenth.
"""

from __future__ import annotations

import base64
import os
import resource
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import jupytext
import typer
from nbclient import NotebookClient

from translate.storage.atomic import write_atomically

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "experiments"
IMAGES = ROOT / "docs" / "images" / "experiments"
SHARE = "EXPERIMENT_SHARE"
TIMEOUT_S = 3600  # of a cell

Notebook = Any  # nbformat's, which has no types

app = typer.Typer(help="Pages and notebooks of the experiments.", no_args_is_help=True)


def sources() -> dict[str, Path]:
    """The experiments by name."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.py"))}


def run(source: Path, *, share: float = 1.0) -> Notebook:
    """``source`` as an executed notebook; ``share``: how much of its full setting. Raises what a cell raised."""
    notebook = jupytext.read(source)
    with TemporaryDirectory() as scratch:
        environment: Mapping[str, str] = os.environ | {
            SHARE: f"{share:g}",
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "IPYTHONDIR": scratch,
            "TRANSLATE_CACHE": "",
        }
        folder = {"metadata": {"path": str(ROOT)}}
        client = NotebookClient(notebook, timeout=TIMEOUT_S, coalesce_streams=True, resources=folder)
        client.execute(env=environment)
    return notebook


def page(notebook: Notebook, name: str) -> tuple[str, dict[str, bytes]]:
    """The page of an executed notebook, Markdown, and its plots as PNG by file name."""
    parts: list[str] = []
    plots: dict[str, bytes] = {}
    for cell in notebook.cells:
        title = cell.metadata.get("title", "")
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        if not title:
            parts.append(fenced(cell.source, "python"))
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stdout":
                parts.append(fenced(output.text.rstrip(), "text"))
            elif "image/png" in output.get("data", {}):
                file = f"{name}-{len(plots) + 1}.png"
                plots[file] = base64.b64decode(output.data["image/png"])
                parts.append(f"![{title}](../images/experiments/{file})")
    return "\n\n".join(parts) + "\n", plots


def fenced(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"


def processor_seconds() -> float:
    """What this process and those that it has waited for have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


@app.command()
def pages(names: Annotated[list[str] | None, typer.Argument(help="experiments; default: all")] = None) -> None:
    """Run experiments at their full setting and write their pages and plots."""
    for name, source in chosen(names or []):
        before = processor_seconds()
        text, plots = page(run(source), name)
        minutes = (processor_seconds() - before) / 60
        for old in IMAGES.glob(f"{name}-*.png"):
            old.unlink()
        for file, plot in plots.items():
            write_atomically(IMAGES / file, plot)
        made = f"*Made from [{name}.py]({name}.py), in {minutes:.1f} minutes of processor time.*\n"
        write_atomically(FOLDER / f"{name}.md", f"{text}\n{made}".encode())
        print(f"{name}: {minutes:.1f} minutes, {len(plots)} plots")


@app.command()
def notebooks(folder: Annotated[Path, typer.Argument(help="folder to write, made if it is not there")]) -> None:
    """Write all experiments as notebooks, to be executed in an environment that has this project."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, source in sources().items():
        jupytext.write(jupytext.read(source), folder / f"{name}.ipynb")


def chosen(names: Iterable[str]) -> list[tuple[str, Path]]:
    """The experiments called ``names``, all without any. Raises ``typer.BadParameter`` for an unknown one."""
    known = sources()
    for name in names:
        if name not in known:
            raise typer.BadParameter(f"{name}: no experiment is called so: choose from {', '.join(known)}")
    return [(name, source) for name, source in known.items() if not names or name in names]


if __name__ == "__main__":
    app()
