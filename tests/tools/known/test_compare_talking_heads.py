"""The comparison of objectives on talking heads, with tiny networks and a few steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from tests.helpers.pictures import files_below
from tools.known.compare_talking_heads import judged, main
from tools.known.talking_heads import main as draw_heads
from translate.media.images import load_rgb

TINY: dict[str, Any] = {"steps": 2, "batch_size": 2, "crop": 32, "channels": 2, "precision": "fp32", "device": "cpu"}


@pytest.mark.slow
def test_one_run_or_three_and_their_table(tmp_path: Path) -> None:
    heads, out = tmp_path / "heads", tmp_path / "out"
    draw_heads(heads, train=4, test=2, expressions=2, size=32)
    main(heads, out, only="both", **TINY)
    assert [run.name for run in (out / "runs").iterdir()] == ["both"]
    assert not (out / "table.md").exists()

    main(heads, out, only="", **TINY)
    rows = (out / "table.md").read_text().splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| the face as it is", "| L1 alone", "| GAN alone", "| both"]
    assert files_below(out / "both") == files_below(heads / "test" / "b")
    assert load_rgb(out / "sheet.png").shape == (4 * 32, 6 * 32, 3)  # 4 pictures; face, landmarks, 3 results, wanted
    wanted = sorted((heads / "test" / "b").iterdir())
    perfect = judged(wanted, wanted)
    assert perfect.l1 == 0 and perfect.edges == 1
    assert perfect.ssim > 0.999 and perfect.kid < 0.01


def test_an_unknown_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="L2: has to be one of L1 alone, GAN alone, both"):
        main(tmp_path, tmp_path, only="L2", **TINY)
