"""What a teacher can do to its caller is tested in `tests.distillation.test_teacher`."""

from __future__ import annotations

import sys

import pytest

from translate.distillation.processes import CommandError, Processes, StartError


def test_a_success_has_its_time_and_last_line() -> None:
    finished = Processes().run([sys.executable, "-c", "print('first'); print('done \\x07'); print()"], timeout=60)
    assert finished.said == "done \\x07"
    assert finished.seconds > 0


def test_errors_are_quoted_before_output() -> None:
    code = "import sys; print('output'); sys.exit('error')"
    with pytest.raises(CommandError, match=r"^exit code 1: error$"):
        Processes().run([sys.executable, "-c", code], timeout=60)


def test_what_cannot_start_is_told_apart() -> None:
    with pytest.raises(StartError):
        Processes().run(["no-such-program"], timeout=60)


def test_nothing_starts_after_stop() -> None:
    processes = Processes()
    processes.stop()
    with pytest.raises(CommandError, match=r"^stopped$"):
        processes.run([sys.executable, "-c", ""], timeout=60)
