"""The experiments of the documentation: they run as notebooks, their claims hold, and their pages are theirs."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest
import typer

from tools.release.experiments import FOLDER, IMAGES, chosen, fenced, notebooks, page, run, sources

SHARES = {"ambiguity": 0.06, "copies": 0.25, "distances": 0.2, "fid": 0.2, "lipschitz": 0.03}


def test_each_experiment_is_tested() -> None:
    assert set(SHARES) == set(sources())
    with pytest.raises(typer.BadParameter, match="fud: no experiment"):
        chosen(["fud"])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SHARES))
def test_an_experiment_runs_as_a_notebook_and_its_claims_hold(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))  # leave the user's folders alone
    text, plots = page(run(sources()[name], share=SHARES[name]), name)
    assert len(plots) == 1 and all(plot.startswith(b"\x89PNG") for plot in plots.values())
    assert "```text\n" in text


@pytest.mark.parametrize("name", sorted(SHARES))
def test_the_page_has_the_text_and_the_code_of_its_source(name: str) -> None:
    text, position = (FOLDER / f"{name}.md").read_text(encoding="utf-8"), 0
    for cell in jupytext.read(sources()[name]).cells:
        if cell.cell_type == "markdown":
            position = text.index(cell.source, position)
        elif not cell.metadata.get("title"):
            position = text.index(fenced(cell.source, "python"), position)
        else:
            position = text.index(f"![{cell.metadata['title']}](../images/experiments/{name}-1.png)", position)
    assert (IMAGES / f"{name}-1.png").is_file()


def test_notebooks_are_written(tmp_path: Path) -> None:
    notebooks(tmp_path / "new")
    assert {path.stem for path in (tmp_path / "new").glob("*.ipynb")} == set(sources())
