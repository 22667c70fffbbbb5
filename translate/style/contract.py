"""The contract of every exported style: names, types and metadata, shared by export and inference.

``image`` is uint8 [N, H, W, 3] in sRGB, any N, H, W >= 1, and ``image_out`` the same with sides ``scale`` times as
long, [N, scale H, scale W, 3]; ``scale`` is 1 in all styles but those that enlarge. Range conversion, layout, padding
to the stride and cropping back are inside the graph, so the file needs no wrapper.

A style of several pictures, those named by ``inputs``, takes them one after another in the channels of ``image``:
uint8 [N, H, W, 3 K] for K pictures. Its ``image_out`` has three channels.

A style of maps of labels takes a label's number in the first channel of ``image``, as a grey picture has it, and gives
the labels their colours itself.

A style with a condition has a second input, ``condition``: rows [N, ...] as its `ConditionInfo` describes them.

A style with domains has a second input, ``domain``. If a picture is translated to exactly one of them, it is int64 [N],
indices into the metadata's list of domains. If they are attributes, any number of which may hold, it is float32 [N, K]
of 0 and 1, in the order of that list.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from translate.errors import UserError, parse_nested

CONTRACT_VERSION = "1"
INPUT = "image"
DOMAIN = "domain"
CONDITION = "condition"
OUTPUT = "image_out"

# Files are untrusted: these bound what follows from their numbers, such as the memory for a tile and its surroundings.
# Any real style stays well within them.
MAX_TEXT = 20_000  # characters per metadata entry
MAX_NAME = 100  # characters of a domain, which becomes part of file names
MAX_NUMBER = 1_000_000
MAX_STRIDE = 1024  # pixels
MAX_RECEPTIVE_FIELD = 2048  # pixels, of a tile-safe style
MAX_INPUTS = 8  # pictures translated together
MAX_LABELS = 256
MAX_SCALE = 4  # the result then has 16 times as many pixels as the picture

# metadata that older files lack -> the values that apply to them
_ADDED_LATER = {
    "exclusive": "true",
    "working_size": "0",
    "scale": "1",
    "inputs": "[]",
    "labels": "0",
    "condition": "",
    "psnr_to_fp32": "null",
    "mean_difference_to_fp32": "null",
}


class ContractError(ValueError):
    """A style file violates the contract."""


@dataclass(frozen=True, kw_only=True)
class StyleInfo:
    """The metadata of one style file, stored as text in ONNX ``metadata_props``."""

    title: str
    method: str
    generator: str
    training_size: int  # side of the training crops in pixels
    licence: str
    training_data: str
    checkpoint_sha256: str
    domains: list[str] = field(default_factory=list)  # names of what a picture can be translated to
    exclusive: bool = True  # a picture is translated to exactly one domain; False: the domains are attributes
    inputs: list[str] = field(default_factory=list)  # names of the pictures that are translated together; empty: one
    labels: int = 0  # the pictures are maps of so many label numbers, grey; 0: pictures
    condition: str = ""  # `translate.style.conditions.ConditionInfo` as JSON; empty: it takes none
    working_size: int = 0  # longer side in pixels of the pictures it was trained for; 0: not stated

    # filled in by the export, from the generator and the export options
    scale: int = 1  # output side over input side
    stride: int = 1  # the graph pads the input's height and width to a multiple of this
    receptive_field: int = 0  # input pixels: twice an output pixel's reach to its farther side, plus itself; 0: all
    tile_safe: bool = False  # no statistics over the image, so tiles equal the whole
    opset: int = 0
    precision: str = "fp32"  # or "fp16", "int8": of the arithmetic inside; input and output are uint8
    psnr_to_fp32: float | None = None  # dB, int8 against the file it was made from: mean over held-out photos
    mean_difference_to_fp32: float | None = None  # likewise, of 255: mean of the photo where it is largest
    versions: dict[str, str] = field(default_factory=dict)  # versions of the libraries that wrote the file

    @property
    def halo(self) -> int:
        """Input pixels of context a tile needs on each side: half the receptive field, rounded up to the stride."""
        reach = self.receptive_field // 2
        return -(-reach // self.stride) * self.stride

    @property
    def pictures(self) -> int:
        """The number of pictures that are translated together."""
        return max(1, len(self.inputs))

    def require_same_size(self) -> None:
        """Raise ``UserError`` if the style enlarges: for what combines or compares a result with its photo."""
        if self.scale > 1:
            raise UserError(f"<style>: {self.title!r} enlarges pictures; use it with `translate upscale --model FILE`")

    def require_no_condition(self, what: str) -> None:
        """Raise ``UserError`` for a style with a condition: for ``what`` has no way to ask for one."""
        if self.condition:
            raise UserError(
                f"<style>: {self.title!r} needs a condition, and {what} has no option for one; use `translate convert` "
                "with <condition>"
            )

    def positions(self, domain: str | Sequence[str] | None) -> list[int]:
        """The indices in ``domains`` of the names in ``domain``, ascending; [] for None if the style has no domains.

        Raises ``UserError`` if the names do not suit the style. For attributes, an empty sequence is valid.
        """
        known = ", ".join(self.domains)
        if domain is None:
            if self.domains:
                raise UserError(f"{self.title!r} translates to a domain: say which with <domain>; it knows {known}")
            return []
        names = [domain] if isinstance(domain, str) else domain
        given = ", ".join(names) or "''"
        if not self.domains:
            raise UserError(f"<domain> {given}: {self.title!r} has no domains to choose from; leave it out")
        unknown = [name for name in names if name not in self.domains]
        if unknown:
            raise UserError(f"<domain> {', '.join(unknown)}: {self.title!r} knows {known}")
        positions = sorted({self.domains.index(name) for name in names})
        if self.exclusive and len(positions) != 1:
            raise UserError(f"<domain> {given}: {self.title!r} translates to exactly one of {known}")
        return positions

    def to_metadata(self) -> dict[str, str]:
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in asdict(self).items()}
        return {"contract": CONTRACT_VERSION, **texts}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> StyleInfo:
        """Raises ``ContractError`` if ``metadata`` was not written by `to_metadata`."""
        require_version(metadata)
        info = cls(**parsed_fields(cls, {**_ADDED_LATER, **metadata}))
        if not 1 <= info.stride <= MAX_STRIDE:
            raise ContractError(f"stride is {info.stride}, not 1 to {MAX_STRIDE}")
        if not 1 <= info.scale <= MAX_SCALE:
            raise ContractError(f"scale is {info.scale}, not 1 to {MAX_SCALE}")
        if info.labels > MAX_LABELS:
            raise ContractError(f"labels is {info.labels}, not 0 to {MAX_LABELS}")
        if info.tile_safe and info.receptive_field > MAX_RECEPTIVE_FIELD:
            raise ContractError(
                f"receptive_field is {info.receptive_field}, more than {MAX_RECEPTIVE_FIELD} in a tile-safe style"
            )
        for field_name, names in (("domains", info.domains), ("inputs", info.inputs)):
            if not all(0 < len(name) <= MAX_NAME for name in names) or len(set(names)) < len(names):
                raise ContractError(f"{field_name} have to have names of up to {MAX_NAME} characters, no two the same")
        if len(info.inputs) > MAX_INPUTS:
            raise ContractError(f"there are {len(info.inputs)} inputs, more than {MAX_INPUTS}")
        return info


_KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "int": (lambda value: type(value) is int and 0 <= value <= MAX_NUMBER, f"a whole number up to {MAX_NUMBER}"),
    "bool": (lambda value: isinstance(value, bool), "true or false"),
    "float | None": (
        lambda value: value is None or (type(value) in (int, float) and abs(value) <= sys.float_info.max),
        "a finite number or null",
    ),
    "list[str]": (
        lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
        "a list of names",
    ),
    "dict[str, str]": (
        lambda value: isinstance(value, dict) and all(isinstance(text, str) for text in value.values()),
        "texts by name",
    ),
}


def require_version(metadata: Mapping[str, str]) -> None:
    """Raise ``ContractError`` unless ``metadata`` is of the version of the contract that this program reads."""
    version = _entry(metadata, "contract")
    if version != CONTRACT_VERSION:
        raise ContractError(f"contract version {version}, this program reads {CONTRACT_VERSION}")


def parsed_fields(info: type[Any], metadata: Mapping[str, str]) -> dict[str, Any]:
    """The value of each field of the dataclass ``info``; raises ``ContractError`` for a missing or a wrong one."""
    kinds = {name: str(spec.type) for name, spec in info.__dataclass_fields__.items()}
    return {name: _value(name, kind, _entry(metadata, name)) for name, kind in kinds.items()}


def _entry(metadata: Mapping[str, str], name: str) -> str:
    if name not in metadata:
        raise ContractError(f"no {name!r} in its metadata")
    return metadata[name]


def _value(name: str, kind: str, text: str) -> Any:
    """Parse the metadata entry ``name``, ``text``, as ``kind``; raises ``ContractError`` if it is not one."""
    if len(text) > MAX_TEXT:
        raise ContractError(f"{name} has {len(text)} characters, more than {MAX_TEXT}")
    if kind == "str":
        return text
    is_kind, wanted = _KINDS[kind]
    try:
        value = parse_nested(json.loads, text)
    except ValueError:
        sound = False
    else:
        sound = is_kind(value)
    if not sound:
        raise ContractError(f"{name} is {text[:40]!r}, not {wanted}")
    return value
