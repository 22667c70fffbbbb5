from pathlib import Path

import pytest

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import write_pairs
from tests.helpers.pictures import files_below

pytestmark = pytest.mark.slow


def test_it_names_settings_networks_time_and_memory_and_writes_nothing(tmp_path: Path, run_cli: RunCli) -> None:
    a, b = write_pairs(tmp_path)
    before = files_below(tmp_path)
    done = run_cli(
        *("train", "pix2pix", "--a", a, "--b", b, "--out", tmp_path / "run", "--preset", "light", "--dry-run"),
        *("--crop", 32, "--batch-size", 1, "--device", "cpu", "--workers", 0, "--generator-options", "channels=4"),
    )
    assert done.code == 0, done.err
    for said in ("preset = light", "crop = 32   [default: 256]", "generator ", " parameters", "a step takes "):
        assert said in done.err
    assert "images/s" in done.err and "peak memory" in done.err and "a checkpoint takes" in done.err
    assert files_below(tmp_path) == before
