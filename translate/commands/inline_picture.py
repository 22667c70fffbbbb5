"""A picture among the text of a terminal, where the terminal can show one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Literal

Protocol = Literal["kitty", "iterm"]

KITTY_CHUNK = 4096  # characters of base64, the most that one escape code may hold


def protocol_of(environment: Mapping[str, str]) -> Protocol | None:
    """How the terminal takes pictures, as far as its environment variables tell; None where it may not."""
    if "TMUX" in environment or environment.get("TERM", "").startswith("screen"):
        return None  # the terminal multiplexer keeps the codes to itself
    if "KITTY_WINDOW_ID" in environment or environment.get("TERM") in ("xterm-kitty", "xterm-ghostty"):
        return "kitty"
    if environment.get("TERM_PROGRAM") in ("iTerm.app", "WezTerm", "mintty", "vscode"):
        return "iterm"
    return None


def escape_codes(png: bytes, protocol: Protocol) -> str:
    """What shows the picture when it is printed.

    Sources: kitty's "Terminal graphics protocol" (transmit and display, format 100, direct) and iTerm2's "Inline Images
    Protocol".
    """
    encoded = b64encode(png).decode()
    if protocol == "iterm":
        return f"\033]1337;File=inline=1;size={len(png)}:{encoded}\a"
    return "".join(_kitty_codes(encoded))


def _kitty_codes(encoded: str) -> Iterator[str]:
    """One code per chunk: the first says what follows, all but the last that more does."""
    for start in range(0, len(encoded), KITTY_CHUNK):
        more = int(start + KITTY_CHUNK < len(encoded))
        control = f"a=T,f=100,m={more}" if start == 0 else f"m={more}"
        yield f"\033_G{control};{encoded[start : start + KITTY_CHUNK]}\033\\"
