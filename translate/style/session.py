"""Opening a style file as an onnxruntime session, reading its metadata, and making its second input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state

from translate.errors import PictureError, UnusableError, UserError, one_line
from translate.style.conditions import ConditionInfo, Wanted
from translate.style.contract import CONDITION, DOMAIN, INPUT, OUTPUT, ContractError, StyleInfo
from translate.style.onnx_check import check_model
from translate.style.sampler_contract import KIND, SAMPLER
from translate.style.session_cache import load_through_cache

Target = str | Sequence[str] | Wanted | None  # what a picture is to become: domains or a condition
FATAL = 4  # log severity: failures raise too, so lines on standard error would only repeat them

ORT_ERRORS: tuple[type[Exception], ...] = (
    *(
        error
        for error in vars(onnxruntime_pybind11_state).values()
        if isinstance(error, type) and issubclass(error, Exception)
    ),
    RuntimeError,
    MemoryError,
    UnicodeDecodeError,  # its message quotes bytes of a broken file
)
OUT_OF_MEMORY = re.compile(r"alloc|out of memory|available memory", re.IGNORECASE)
# CUDA's errors other than 2, out of memory, such as "CUDA failure 700: an illegal memory access was encountered": until
# the process ends, all calls to that GPU fail.
DEVICE_LOST = re.compile(r"CUDA (failure|error) (?!2\b)\d+|CU(DNN|BLAS)_STATUS_EXECUTION_FAILED|fallen off the bus")


class DeviceLostError(PictureError):
    """A GPU can no longer be used by this process, through no fault of the picture."""


class OnnxRuntimeError(Exception):
    """onnxruntime cannot load or run a model; the text is that of the error it raised."""


@contextmanager
def onnxruntime_call() -> Iterator[None]:
    """Turn any of `ORT_ERRORS` into an ``OnnxRuntimeError``. Only around calls to onnxruntime."""
    try:
        yield
    except ORT_ERRORS as error:
        raise OnnxRuntimeError(str(error) or type(error).__name__) from error


def open_session(path: Path, providers: list[Any], *, optimise: bool = True, threads: int | None = None) -> Any:
    """Load ``path``; without ``optimise`` faster, enough to read the metadata. Raises ``UnusableError``."""
    if not path.is_file():
        raise UnusableError(f"{path}: no such style file")
    check_model(path)
    options = onnxruntime.SessionOptions()
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads or 0  # 0: one per core
    options.log_severity_level = FATAL
    options.enable_mem_pattern = False  # one pattern is kept per picture size
    # Waiting threads sleep instead of spinning: other pictures are decoded and encoded on those cores.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")

    def load(file: Path) -> Any:
        with onnxruntime_call():
            return onnxruntime.InferenceSession(file, options, providers=providers, enable_fallback=0)

    cached = optimise and providers == ["CPUExecutionProvider"]
    try:
        return load_through_cache(path, options, load, (OnnxRuntimeError,)) if cached else load(path)
    except OnnxRuntimeError as error:
        raise UnusableError(
            f"{path}: cannot be loaded as ONNX ({reason(error)}); styles are written by `translate export`"
        ) from error


def read_style(path: Path) -> StyleInfo:
    """The metadata of the style at ``path``, without optimising its graph. Raises ``UnusableError``."""
    return read_contract(open_session(path, ["CPUExecutionProvider"], optimise=False), path)


def read_contract(session: Any, path: Path) -> StyleInfo:
    """The metadata of a loaded style; raises ``UnusableError`` if it violates the contract."""
    try:
        metadata = metadata_of(session)
        if metadata.get(KIND) == SAMPLER:
            raise UnusableError(f"{path}: makes pictures from noise and translates none; use `translate sample {path}`")
        info = StyleInfo.from_metadata(metadata)
        with _texts_of_file():
            inputs = {port.name: port for port in session.get_inputs()}
            outputs = {port.name: port for port in session.get_outputs()}
        require_port(inputs, INPUT, "uint8", [None, None, None, 3 * info.pictures])
        require_port(outputs, OUTPUT, "uint8", [None, None, None, 3])
        if info.domains and info.exclusive:
            require_port(inputs, DOMAIN, "int64", [None])
        elif info.domains:
            require_port(inputs, DOMAIN, "float", [None, len(info.domains)])
        if condition := condition_of(info):
            require_port(inputs, CONDITION, *condition.port)
        return info
    except ContractError as error:
        problem = one_line(error)
        raise UnusableError(
            f"{path}: not a style of this program: {problem}; write one with `translate export`"
        ) from error


def metadata_of(session: Any) -> dict[str, str]:
    """The metadata of a loaded file. Raises ``ContractError`` where they are not text."""
    with _texts_of_file():
        metadata: dict[str, str] = session.get_modelmeta().custom_metadata_map
    return metadata


@contextmanager
def _texts_of_file() -> Iterator[None]:
    """Around calls to onnxruntime that return texts from the file, which may not be UTF-8."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise ContractError(str(error)) from error


def require_port(ports: Mapping[str, Any], name: str, kind: str, shape: list[int | None]) -> None:
    """Raise ``ContractError`` unless ``ports`` has ``name`` with this type and shape; None: a variable size."""
    if name not in ports:
        raise ContractError(f"nothing is named {name!r}")
    with _texts_of_file():
        found_type, found_shape = ports[name].type, ports[name].shape
    if found_type != f"tensor({kind})" or [size if isinstance(size, int) else None for size in found_shape] != shape:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ContractError(f"{name!r} is {found_type} {found_shape}, not {kind} [{wanted}]")


def condition_of(info: StyleInfo) -> ConditionInfo | None:
    """What conditions a style takes, if any. Raises ``ContractError`` for metadata that say nothing."""
    if info.condition and info.domains:
        raise ContractError("it has domains and a condition")
    return ConditionInfo.from_json(info.condition) if info.condition else None


def domain_input(info: StyleInfo, wanted: Sequence[Target]) -> dict[str, NDArray[Any]]:
    """The second input, by its name: int64 [N], float32 [N, K] or rows of a condition; {} for a style without.

    ``wanted`` says for each of N pictures what it is to become: a domain as `StyleInfo.positions` takes it, which
    raises ``UserError``, or a condition. Raises ``UserError`` where a condition is missing, or the style takes none.
    """
    condition = condition_of(info)
    rows = [each.row for each in wanted if isinstance(each, Wanted) and each.row is not None]
    if condition is not None:
        if len(rows) < len(wanted):
            raise UserError(
                f"<condition>: {info.title!r} needs one: {condition.advice}; such as <condition> {condition.sample}"
            )
        return {CONDITION: np.stack(rows).astype(condition.dtype, copy=False)}
    domains = [each for each in wanted if not isinstance(each, Wanted)]
    if len(domains) < len(wanted):
        raise UserError(f"<condition>: {info.title!r} takes no condition; leave it out")
    positions = [info.positions(domain) for domain in domains]
    if not info.domains:
        return {}
    if info.exclusive:
        return {DOMAIN: np.array(positions, np.int64).reshape(-1)}  # [N, 1] -> [N]
    attributes = np.zeros((len(positions), len(info.domains)), np.float32)
    for row, held in zip(attributes, positions, strict=True):
        row[held] = 1
    return {DOMAIN: attributes}


def reason(error: Exception) -> str:
    """onnxruntime's message without its error code prefix."""
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", one_line(error))


def first_target(info: StyleInfo) -> Target:
    """What to show a style by where nobody has chosen: the first of its domains, or the plainest condition."""
    condition = condition_of(info)
    if condition is not None:
        return Wanted("", condition.example(0))
    return info.domains[0] if info.domains else None
