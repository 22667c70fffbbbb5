"""An ONNX sampler file as a callable: noise in, pictures out. It needs only onnxruntime, numpy and Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.errors import PictureError, UnusableError, one_line
from translate.style.catalogue import find_sampler
from translate.style.contract import OUTPUT, ContractError
from translate.style.devices import choose_device, providers_of
from translate.style.latents import Noise, noise
from translate.style.sampler_contract import NOISE, SamplerInfo
from translate.style.session import OnnxRuntimeError, metadata_of, onnxruntime_call, open_session, reason, require_port

BATCH = 16  # pictures per pass
Pictures = NDArray[np.uint8]  # [N, size, size, 3] in sRGB


class Sampler:
    """A sampler ready to run on one device; it may be called from several threads.

    ``device``: ``auto`` (a usable GPU if there is one, else the CPU), ``cpu``, ``cuda`` or ``cuda:N``. Raises
    ``UnusableError`` if the file or the device cannot be used.
    """

    def __init__(self, path: Path, *, device: str = "auto") -> None:
        self.device, _ = choose_device(device)
        self._session = open_session(path, providers_of(self.device))
        self.info = read_sampler_contract(self._session, path)

    def __repr__(self) -> str:
        return f"<Sampler {self.info.title!r} on {self.device}>"

    def __call__(self, *, seed: int = 0, truncation: float | None = None) -> Image.Image:
        """The picture of ``seed``; a ``truncation`` such as 0.7 makes it more typical.

        Raises ``UserError`` for a seed or a truncation out of range.
        """
        return Image.fromarray(self.pictures([seed], truncation=truncation)[0])

    def pictures(self, seeds: Sequence[int], *, truncation: float | None = None) -> Pictures:
        """The pictures of ``seeds``; each depends on its own seed only. Raises as a call does."""
        return self.from_noise(noise(seeds, self.info.z_dim, truncation=truncation))

    def from_noise(self, z: Noise) -> Pictures:
        """The pictures of ``z``, float32 [N, z_dim]. Raises ``PictureError`` if they cannot be made."""
        size = self.info.size
        made = [np.empty((0, size, size, 3), np.uint8)]
        for start in range(0, len(z), BATCH):
            batch = np.ascontiguousarray(z[start : start + BATCH], np.float32)
            try:
                with onnxruntime_call():
                    (pictures,) = self._session.run([OUTPUT], {NOISE: batch})
            except OnnxRuntimeError as error:
                raise PictureError(f"{self.info.title!r} cannot make pictures: {reason(error)}") from error
            if pictures.shape != (len(batch), size, size, 3) or pictures.dtype != np.uint8:
                raise UnusableError(
                    f"{self.info.title!r} returns {pictures.dtype} {pictures.shape} for {len(batch)} pictures; "
                    "export the sampler again"
                )
            made.append(pictures)
        return np.concatenate(made)


def open_sampler(name_or_path: str, *, device: str = "auto") -> Sampler:
    """Open a shipped sampler by name, or a sampler file; errors as for `Sampler`."""
    return Sampler(find_sampler(name_or_path), device=device)


def read_sampler_contract(session: Any, path: Path) -> SamplerInfo:
    """The metadata of a loaded sampler; raises ``UnusableError`` if it is none or violates the contract."""
    try:
        info = SamplerInfo.from_metadata(metadata_of(session))
        require_port({port.name: port for port in session.get_inputs()}, NOISE, "float", [None, info.z_dim])
        require_port(
            {port.name: port for port in session.get_outputs()}, OUTPUT, "uint8", [None, info.size, info.size, 3]
        )
        if len(session.get_inputs()) > 1:
            raise ContractError("it needs more than noise")
    except ContractError as error:
        raise UnusableError(
            f"{path}: not a sampler of this program: {one_line(error)}; styles are used by `translate convert`, "
            "samplers written by `translate export` from a run of gan, glo or gon"
        ) from error
    return info
