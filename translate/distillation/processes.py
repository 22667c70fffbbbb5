"""Other programs, several at a time, none of which outlives its call."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO

from translate.errors import printable

TAIL = 4096  # bytes of a program's output, in which its last line is looked for
LONGEST = 300  # characters of that line in a message


class CommandError(Exception):
    """A command that did not do what it should; the message says why, in one line that is safe for a terminal."""


class StartError(CommandError):
    """A program that cannot be started: missing, or not executable."""


@dataclass(frozen=True)
class Finished:
    """A program that succeeded."""

    seconds: float
    said: str  # as in `_last_line`


class Processes:
    """Programs run by threads, one per thread, until another thread calls `stop`."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def run(self, arguments: Sequence[str], timeout: float) -> Finished:
        """Run a program to its end, without input; what it leaves running is killed.

        Raises ``CommandError`` with the last line it printed if it fails or takes more than ``timeout`` seconds, and
        ``OSError`` where its output cannot be kept in a temporary file. Files, unlike pipes, never wait for a reader
        nor for a child that holds them open.
        """
        with TemporaryFile() as output, TemporaryFile() as errors:
            began = time.monotonic()
            process = self._start(arguments, output, errors)
            try:
                problem = _ending(process.wait(timeout))
            except subprocess.TimeoutExpired:
                problem = f"not done after {timeout:g} seconds"
            finally:
                seconds = time.monotonic() - began
                self._end(process)
            said = _last_line(errors) or _last_line(output)
        if problem:
            raise CommandError(with_last_line(problem, said))
        return Finished(seconds, said)

    def stop(self) -> None:
        """Kill what runs, and whatever it started; nothing starts any more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                _kill_group(process)

    def _start(self, arguments: Sequence[str], output: IO[bytes], errors: IO[bytes]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise CommandError("stopped")
            try:
                process = subprocess.Popen(
                    arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, start_new_session=True
                )
            except (OSError, ValueError) as error:
                raise StartError(printable(getattr(error, "strerror", None) or str(error))) from error
            self._running.add(process)
            return process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        _kill_group(process)
        process.wait()
        with self._lock:
            self._running.discard(process)


def with_last_line(problem: str, said: str) -> str:
    """``problem``, and what the program ``said`` last, if anything."""
    return f"{problem}: {said}" if said else f"{problem}, nothing printed"


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        with suppress(ProcessLookupError, PermissionError):  # macOS: permission, where only zombies are left
            os.killpg(process.pid, signal.SIGKILL)


def _ending(code: int) -> str:
    """What is wrong with an exit code; "" if nothing is."""
    if code >= 0 or sys.platform == "win32":
        return f"exit code {code}" if code else ""
    return f"ended by signal {-code} ({signal.strsignal(-code) or 'unknown'})"


def _last_line(file: IO[bytes]) -> str:
    """The last line that is not blank, cut to `LONGEST`, as printable text; "" if there is none."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - TAIL))
    lines = [line.strip() for line in file.read().decode(errors="replace").splitlines()]
    return printable(next((line for line in reversed(lines) if line), ""))[:LONGEST]
