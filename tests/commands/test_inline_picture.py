"""Which terminals show pictures, and that the codes hold the whole picture."""

from __future__ import annotations

import re
from base64 import b64decode

import pytest

from translate.commands.inline_picture import KITTY_CHUNK, Protocol, escape_codes, protocol_of


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-256color"}, None),
        ({}, None),
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM_PROGRAM": "iTerm.app"}, "iterm"),
        ({"TERM_PROGRAM": "WezTerm"}, "iterm"),
        ({"TERM_PROGRAM": "iTerm.app", "TMUX": "/tmp/tmux-0/default,1,0"}, None),
        ({"TERM": "screen-256color", "KITTY_WINDOW_ID": "1"}, None),
    ],
    ids=str,
)
def test_the_environment_tells_the_protocol(environment: dict[str, str], protocol: Protocol | None) -> None:
    assert protocol_of(environment) == protocol


@pytest.mark.parametrize("size", [1, 3 * KITTY_CHUNK // 4, 10_000])
def test_kitty_gets_the_picture_in_chunks(size: int) -> None:
    png = bytes(index % 251 for index in range(size))
    found = re.findall(r"\033_G([^;]*);([^\033]*)\033\\", escape_codes(png, "kitty"))
    assert b64decode("".join(chunk for _, chunk in found)) == png
    assert all(len(chunk) <= KITTY_CHUNK for _, chunk in found)
    controls = [control.split(",") for control, _ in found]
    assert controls[0][:2] == ["a=T", "f=100"] and all(len(control) == 1 for control in controls[1:])
    assert [control[-1] for control in controls] == ["m=1"] * (len(found) - 1) + ["m=0"]


def test_iterm_gets_the_picture_in_one_code() -> None:
    found = re.fullmatch(r"\033]1337;File=inline=1;size=3:([^\a]*)\a", escape_codes(b"abc", "iterm"))
    assert found is not None and b64decode(found[1]) == b"abc"
