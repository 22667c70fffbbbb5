from pathlib import Path

import pytest

from tests.helpers.pairs import tiny_config
from translate.errors import UserError
from translate.train.run_folder import check_run_folder


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    config = tiny_config(Path("a"), Path("b"), tmp_path)
    check_run_folder(config)
    (tmp_path / ".lock").touch()  # of a training killed at its start
    check_run_folder(config)
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(UserError, match=r"holds holiday\.jpg but no run; give a new or an empty folder"):
        check_run_folder(config)
    (tmp_path / "checkpoints").mkdir()
    check_run_folder(config)
