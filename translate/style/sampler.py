"""An ONNX sampler file as a callable: noise in, pictures out. It needs only onnxruntime, numpy and Pillow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from translate.errors import PictureError, UnusableError, UserError, one_line
from translate.machine import usable_cores
from translate.style.conditions import ConditionInfo, Row
from translate.style.contract import CONDITION, OUTPUT, ContractError
from translate.style.devices import choose_device, providers_of
from translate.style.latents import Noise, noise
from translate.style.sampler_contract import NOISE, STRENGTH, SamplerInfo
from translate.style.session import OnnxRuntimeError, metadata_of, onnxruntime_call, open_session, reason, require_port

BATCH = 16  # pictures per pass
Pictures = NDArray[np.uint8]  # [N, size, size, 3] in sRGB


class Sampler:
    """A sampler ready to run on one device; it may be called from several threads.

    ``device``: ``auto`` (a usable GPU if there is one, else the CPU), ``cpu``, ``cuda`` or ``cuda:N``. Raises
    ``UnusableError`` if the file or the device cannot be used.
    """

    def __init__(
        self, path: Path, *, device: str = "auto", row_of: Callable[[ConditionInfo, str], Row] = ConditionInfo.row
    ) -> None:
        self._path, self._row_of = path, row_of
        self.device, _ = choose_device(device)
        self._session = open_session(path, providers_of(self.device))
        self.info = read_sampler_contract(self._session, path)

    def __repr__(self) -> str:
        return f"<Sampler {self.info.title!r} on {self.device}>"

    def __call__(
        self, *, seed: int = 0, truncation: float | None = None, condition: str | Row | None = None, strength: float = 1
    ) -> Image.Image:
        """The picture of ``seed``; a ``truncation`` such as 0.7 makes it more typical.

        ``condition`` and ``strength`` are those of `conditioned`; a text becomes a row by ``row_of``.
        Raises ``UserError`` for a seed, a truncation or a condition that cannot be used.
        """
        z = noise([seed], self.info.z_dim, truncation=truncation)
        row = self._row_of(self._condition_info(), condition) if isinstance(condition, str) else condition
        return Image.fromarray(self.conditioned(z, row, strength)[0])

    def pictures(self, seeds: Sequence[int], *, truncation: float | None = None) -> Pictures:
        """The pictures of ``seeds``; each depends on its own seed only. Raises as a call does."""
        return self.from_noise(noise(seeds, self.info.z_dim, truncation=truncation))

    def from_noise(self, z: Noise) -> Pictures:
        """The pictures of ``z``, float32 [N, z_dim]. Raises ``PictureError`` if they cannot be made.

        Raises ``UserError`` where they need a condition.
        """
        return self.conditioned(z, None)

    def conditioned(self, z: Noise, condition: Row | None, strength: float = 1) -> Pictures:
        """The pictures of ``z``, float32 [N, z_dim], all with ``condition``, a row as `ConditionInfo` describes it.

        ``strength`` exaggerates the condition above 1, where the sampler also makes pictures without it; those are
        made for None. Raises as `from_noise`, and ``UserError`` for what the sampler does not take.
        """
        given = self._given(condition, strength)
        rows = {name: np.broadcast_to(row, (len(z), *row.shape)) for name, row in given.items()}
        return self.from_inputs({NOISE: np.asarray(z, np.float32), **rows})

    def with_rows(self, z: Noise, conditions: Sequence[Row], strength: float = 1) -> Pictures:
        """As `conditioned`, but each picture with its own one of ``conditions``."""
        given = [self._given(row, strength) for row in conditions]
        rows = {name: np.stack([each[name] for each in given]) for name in (given[0] if given else ())}
        return self.from_inputs({NOISE: np.asarray(z, np.float32), **rows})

    def from_inputs(self, inputs: Mapping[str, NDArray[Any]]) -> Pictures:
        """The pictures of the file's own ``inputs`` by name, [N, ...] each. Raises as `from_noise`."""
        count = len(inputs[NOISE])
        if 0 < count <= BATCH:
            return self._run(self._session, inputs)
        lanes = usable_cores() if self.device == "cpu" else 1
        per_pass = max(1, min(BATCH, -(-count // lanes)))
        passes = [
            {name: values[start : start + per_pass] for name, values in inputs.items()}
            for start in range(0, count, per_pass)
        ]
        with ThreadPoolExecutor(lanes) as pool:
            made = list(pool.map(partial(self._run, self._lane), passes))
        return np.concatenate([np.empty((0, self.info.size, self.info.size, 3), np.uint8), *made])

    @cached_property
    def _lane(self) -> Any:
        """The session for several passes at a time: on the CPU, one core for each is faster than all for one.

        Opened when it is first needed, as it takes as long as some ten pictures.
        """
        return open_session(self._path, providers_of(self.device), threads=1) if self.device == "cpu" else self._session

    def _run(self, session: Any, inputs: Mapping[str, NDArray[Any]]) -> Pictures:
        try:
            with onnxruntime_call():
                given = {name: np.ascontiguousarray(values) for name, values in inputs.items()}
                (pictures,) = session.run([OUTPUT], given)
        except OnnxRuntimeError as error:
            raise PictureError(f"{self.info.title!r} cannot make pictures: {reason(error)}") from error
        size = self.info.size
        if pictures.shape != (len(inputs[NOISE]), size, size, 3) or pictures.dtype != np.uint8:
            raise UnusableError(
                f"{self.info.title!r} returns {pictures.dtype} {pictures.shape} for {len(inputs[NOISE])} pictures; "
                "export the sampler again"
            )
        return pictures

    def _condition_info(self) -> ConditionInfo:
        info = self.info.conditions
        if info is None:
            raise UserError(f"<condition>: {self.info.title!r} takes no condition; leave it out")
        return info

    def _given(self, condition: Row | None, strength: float) -> dict[str, Row]:
        """The inputs besides the noise, without the dimension of pictures."""
        if condition is None and self.info.conditions is None:
            return {}
        info = self._condition_info()
        if condition is None and not info.optional:
            raise UserError(f"<condition>: {self.info.title!r} needs one: {info.advice}")
        if strength != 1 and not info.optional:
            raise UserError(
                f"<strength> {strength:g}: {self.info.title!r} was not trained for it; train with <drop_condition> 0.1"
            )
        row = np.zeros(info.shape) if condition is None else condition
        if list(row.shape) != info.shape:
            raise UserError(f"<condition>: is {list(row.shape)}, not {info.shape}")
        given: dict[str, Row] = {CONDITION: row.astype(info.dtype)}
        if info.optional:
            given[STRENGTH] = np.array([0 if condition is None else strength], np.float32)
        return given


@dataclass(frozen=True)
class Conditioned:
    """A sampler with one condition, see `Sampler.conditioned`."""

    sampler: Sampler
    condition: Row | None = None
    strength: float = 1

    @property
    def info(self) -> SamplerInfo:
        return self.sampler.info

    def pictures(self, seeds: Sequence[int], *, truncation: float | None = None) -> Pictures:
        return self.from_noise(noise(seeds, self.info.z_dim, truncation=truncation))

    def from_noise(self, z: Noise) -> Pictures:
        return self.sampler.conditioned(z, self.condition, self.strength)


def read_sampler_contract(session: Any, path: Path) -> SamplerInfo:
    """The metadata of a loaded sampler; raises ``UnusableError`` if it is none or violates the contract."""
    try:
        info = SamplerInfo.from_metadata(metadata_of(session))
        inputs = {port.name: port for port in session.get_inputs()}
        wanted = {NOISE: ("float", [None, info.z_dim]), **_ports_of(info.conditions)}
        for name, (kind, shape) in wanted.items():
            require_port(inputs, name, kind, shape)
        require_port(
            {port.name: port for port in session.get_outputs()}, OUTPUT, "uint8", [None, info.size, info.size, 3]
        )
        if further := inputs.keys() - wanted.keys():
            raise ContractError(f"it also needs {min(further)!r}")
    except ContractError as error:
        raise UnusableError(
            f"{path}: not a sampler of this program: {one_line(error)}; styles are used by `translate convert`, "
            "samplers written by `translate export` from a run of gan, cgan, glo or gon"
        ) from error
    return info


def _ports_of(info: ConditionInfo | None) -> dict[str, tuple[str, list[int | None]]]:
    """Type and shape of the inputs of a condition, by name."""
    if info is None:
        return {}
    ports = {CONDITION: info.port}
    return ports | {STRENGTH: ("float", [None, 1])} if info.optional else ports
