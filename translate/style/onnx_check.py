"""What an ONNX file from a stranger may not be, found in the file's bytes before onnxruntime builds anything from them.

An ONNX file is a protobuf message. This walks those parts of it that matter, by the field numbers of ``onnx.proto3``,
and refuses what a style never needs: tensors in other files, operators that are not ONNX's own, functions that the
file brings along, loops, and more bytes or parts than any style has. It needs no package.

It cannot tell how much memory a graph will take, nor whether onnxruntime has faults: it is no sandbox.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from translate.errors import UnusableError, printable

MAX_BYTES = 1_000_000_000  # of a file; the largest of our generators takes 160 MB
MAX_FIELDS = 1_000_000  # that are looked at; our styles have some thousand
DOMAINS = {b"", b"ai.onnx"}  # of ONNX's own operators: the same, under two names
LOOPS = {b"Loop", b"Scan", b"SequenceMap"}  # whose length the file decides, not the picture

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # wire types
Field = tuple[
    int, int, int, int
]  # number, wire type, and: a varint's value twice, or where the content starts and ends

# message -> field number -> the message in that field
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


def check_model(path: Path) -> None:
    """Raise ``UnusableError``, in one line, where the ONNX file ``path`` is none or holds what no style needs."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ValueError(f"has {size / 1e6:.0f} MB, more than {MAX_BYTES // 1_000_000}")
        if path.suffix.lower() == ".ort":  # onnxruntime takes these for its own format, not for protobuf
            raise ValueError("is in a format of onnxruntime's own; give an .onnx file")
        with path.open("rb") as file:
            if size:
                with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
                    _check(content)
            else:
                raise ValueError("cannot be loaded as ONNX: it is empty")
    except OSError as error:
        raise UnusableError(f"{path}: cannot be loaded as ONNX: {error.strerror or error}") from error
    except ValueError as error:
        raise UnusableError(f"{path}: {error}; styles are written by `translate export`") from error


def _check(content: mmap.mmap) -> None:
    left = MAX_FIELDS
    waiting = [("model", 0, len(content))]
    while waiting:
        kind, start, end = waiting.pop()
        parts, operator, domain = _PARTS[kind], b"", b""
        for number, wire, first, last in _fields(content, start, end):
            left -= 1
            if not left:
                raise ValueError(f"has more than {MAX_FIELDS} parts")
            if wire == BYTES and number in parts:  # of another wire type protobuf passes them over
                waiting.append((parts[number], first, last))
            elif wire == BYTES and kind == "node" and number == _OPERATOR:
                operator = content[first:last]
            elif wire == BYTES and kind == "node" and number == _DOMAIN:
                domain = content[first:last]
            elif kind == "tensor" and (number == _EXTERNAL or (number == _LOCATION and first)):
                raise ValueError("keeps tensors in other files, which is not allowed: a style is one file")
            elif kind == "model" and number in (_TRAINING, _FUNCTIONS):
                raise ValueError("brings functions along, which is not allowed")
        if domain not in DOMAINS:
            raise ValueError(f"has an operator that is not ONNX's own, {_text(domain)}.{_text(operator)}")
        if operator in LOOPS:
            raise ValueError(f"has a loop, {_text(operator)}, which may never end")


def _fields(content: mmap.mmap, position: int, end: int) -> Iterator[Field]:
    """The fields of the message between two positions. Raises ``ValueError`` where there is none."""
    while position < end:
        tag, position = _varint(content, position, end)
        number, wire = tag >> 3, tag & 7
        if not 0 < tag < 1 << 32 or not number:
            raise ValueError("cannot be loaded as ONNX: it is something else")
        if wire == VARINT:
            value, position = _varint(content, position, end)
            yield number, wire, value, value
            continue
        if wire == BYTES:
            length, position = _varint(content, position, end)
        elif wire in (FIXED64, FIXED32):
            length = 8 if wire == FIXED64 else 4
        else:  # groups, which nothing writes any more
            raise ValueError("cannot be loaded as ONNX: it is something else")
        if length > end - position:
            raise ValueError("cannot be loaded as ONNX: it is something else, or cut short")
        yield number, wire, position, position + length
        position += length


def _varint(content: mmap.mmap, position: int, end: int) -> tuple[int, int]:
    """The number that starts at ``position``, seven bits a byte, the lowest first; and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        if position >= end:
            break
        byte = content[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("cannot be loaded as ONNX: it is something else, or cut short")


def _text(name: bytes) -> str:
    return printable(name[:80].decode("utf-8", "replace"))
