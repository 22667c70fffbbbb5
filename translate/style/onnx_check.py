"""Checking an untrusted ONNX file, byte by byte, before onnxruntime builds anything from it.

An ONNX file is a protobuf message. This walks the relevant parts of it, by the field numbers of ``onnx.proto3``, and
refuses what a style never needs: tensors in other files, operators that are not ONNX's own, functions defined in the
file, loops, and more bytes, fields or text than any style has. It needs no third-party package.

It cannot tell how much memory a graph will take, or guard against bugs in onnxruntime: it is not a sandbox.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from translate.errors import UnusableError, printable

MAX_BYTES = 1_000_000_000  # per file; our largest generator takes 160 MB
MAX_TEXT = 5_000_000  # bytes per file outside tensors: metadata, names, descriptions; our styles have up to 50,000
MAX_FIELDS = 1_000_000  # visited per file; our styles have a few thousand
DOMAINS = {b"", b"ai.onnx"}  # both names of the domain of ONNX's own operators
LOOPS = {b"Loop", b"Scan", b"SequenceMap"}  # the file, not the picture, sets their number of iterations

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
Field = tuple[int, int, int, int]  # number, wire type, then a varint's value twice, or the content's start and end

# message type -> field number -> type of the message in that field
_PARTS: dict[str, dict[int, str]] = {
    "model": {7: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_TRAINING, _FUNCTIONS = 20, 25  # fields of a model
_OPERATOR, _DOMAIN = 4, 7  # of a node
_EXTERNAL, _LOCATION = 13, 14  # of a tensor
_TEXTS = {8, 12, 16}  # of a tensor: its name, description and metadata; what else it has is numbers


class _RefusedError(Exception):
    """Why the file is refused."""


def check_model(path: Path) -> None:
    """Raise ``UnusableError`` if ``path`` is not an ONNX file or holds what no style needs."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _RefusedError(f"has {size / 1e6:.0f} MB, more than {MAX_BYTES // 1_000_000}")
        if path.suffix.lower() == ".ort":  # onnxruntime takes these for its own format, not for protobuf
            raise _RefusedError("is in onnxruntime's own format; give an .onnx file")
        with path.open("rb") as file:
            if size:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    _check(content)
            else:
                raise _RefusedError("cannot be loaded as ONNX: it is empty")
    except OSError as error:
        raise UnusableError(f"{path}: cannot be loaded as ONNX: {error.strerror or error}") from error
    except _RefusedError as error:
        raise UnusableError(f"{path}: {error}; styles are written by `translate export`") from error


def _check(content: mmap.mmap) -> None:
    left, text_left = MAX_FIELDS, MAX_TEXT
    waiting = [("model", 0, len(content))]
    while waiting:
        kind, start, end = waiting.pop()
        parts, operator, domain = _PARTS[kind], b"", b""
        for number, wire, first, last in _fields(content, start, end):
            left -= 1
            if not left:
                raise _RefusedError(f"has more than {MAX_FIELDS} parts")
            if wire == BYTES and number not in parts and (kind != "tensor" or number in _TEXTS):
                text_left -= last - first
                if text_left < 0:
                    raise _RefusedError(f"has more than {MAX_TEXT // 1_000_000} MB of metadata and names")
            if wire == BYTES and number in parts:  # protobuf ignores them if the wire type differs
                waiting.append((parts[number], first, last))
            elif wire == BYTES and kind == "node" and number == _OPERATOR:
                operator = content[first:last]
            elif wire == BYTES and kind == "node" and number == _DOMAIN:
                domain = content[first:last]
            elif kind == "tensor" and (number == _EXTERNAL or (number == _LOCATION and first)):
                raise _RefusedError("keeps tensors in other files, which is not allowed: a style is one file")
            elif kind == "model" and number in (_TRAINING, _FUNCTIONS):
                raise _RefusedError("contains functions or a training graph, which is not allowed")
        if domain not in DOMAINS:
            raise _RefusedError(f"has an operator that is not ONNX's own, {_text(domain)}.{_text(operator)}")
        if operator in LOOPS:
            raise _RefusedError(f"has a loop, {_text(operator)}, which may never end")


def _fields(content: mmap.mmap, position: int, end: int) -> Iterator[Field]:
    """The fields of the message between two positions. Raises ``_RefusedError`` if it is not a valid message."""
    while position < end:
        tag, position = _varint(content, position, end)
        number, wire = tag >> 3, tag & 7
        if not 0 < tag < 1 << 32 or not number:
            raise _RefusedError("cannot be loaded as ONNX: it is something else")
        if wire == VARINT:
            value, position = _varint(content, position, end)
            yield number, wire, value, value
            continue
        if wire == BYTES:
            length, position = _varint(content, position, end)
        elif wire in (FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
        else:  # groups, which are obsolete
            raise _RefusedError("cannot be loaded as ONNX: it is something else")
        if length > end - position:
            raise _RefusedError("cannot be loaded as ONNX: it is something else, or cut short")
        yield number, wire, position, position + length
        position += length


def _varint(content: mmap.mmap, position: int, end: int) -> tuple[int, int]:
    """The number that starts at ``position``, seven bits per byte, lowest first; and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            break
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise _RefusedError("cannot be loaded as ONNX: it is something else, or cut short")


def _text(name: bytes) -> str:
    return printable(name[:80].decode("utf-8", "replace"))
