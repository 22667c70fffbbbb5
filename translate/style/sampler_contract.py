"""The contract of exported samplers, which make pictures from noise: names, types and metadata.

``z`` is standard normal noise, float32 [N, z_dim], any N >= 1, and ``image_out`` uint8 [N, size, size, 3] in sRGB. The
entry ``kind`` of the metadata tells a sampler from a style, which has none.

A conditional sampler also takes ``condition``, rows [N, ...] as its `ConditionInfo` describes them, and, where the
condition may be left out, ``strength``, float32 [N, 1]: 0 without it, 1 with it, above 1 exaggerated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from translate.style.conditions import ConditionInfo
from translate.style.contract import CONTRACT_VERSION, ContractError, parsed_fields, require_version

NOISE, STRENGTH = "z", "strength"  # inputs besides `CONDITION`
KIND, SAMPLER = "kind", "sampler"  # the entry of the metadata, and its value for samplers
MAX_Z_DIM = 65_536
MAX_SIZE = 4096  # pixels
_ADDED_LATER = {"condition": "", "psnr_to_fp32": "null"}  # what older files mean, which lack these entries


@dataclass(frozen=True, kw_only=True)
class SamplerInfo:
    """The metadata of one sampler file, stored as text in ONNX ``metadata_props``."""

    title: str
    method: str
    generator: str
    z_dim: int
    size: int  # side of the pictures in pixels
    licence: str
    training_data: str
    checkpoint_sha256: str

    condition: str = ""  # `ConditionInfo` as JSON; empty: it takes none

    # filled in by the export
    opset: int = 0
    precision: str = "fp32"  # or "int8": of the arithmetic inside
    psnr_to_fp32: float | None = None  # dB, int8 against the file it was made from, on other noise
    versions: dict[str, str] = field(default_factory=dict)  # versions of the libraries that wrote the file

    @property
    def conditions(self) -> ConditionInfo | None:
        """What conditions the sampler takes, if any. Raises ``ContractError`` for a text that says nothing."""
        return ConditionInfo.from_json(self.condition) if self.condition else None

    def to_metadata(self) -> dict[str, str]:
        texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in asdict(self).items()}
        return {"contract": CONTRACT_VERSION, KIND: SAMPLER, **texts}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> SamplerInfo:
        """Raises ``ContractError`` if ``metadata`` was not written by `to_metadata`."""
        require_version(metadata)
        if metadata.get(KIND) != SAMPLER:
            raise ContractError("it is a style, which translates pictures")
        info = cls(**parsed_fields(cls, {**_ADDED_LATER, **metadata}))
        if not 1 <= info.z_dim <= MAX_Z_DIM:
            raise ContractError(f"z_dim is {info.z_dim}, not 1 to {MAX_Z_DIM}")
        if not 1 <= info.size <= MAX_SIZE:
            raise ContractError(f"size is {info.size}, not 1 to {MAX_SIZE}")
        return info
