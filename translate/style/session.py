"""A style file -> a session of onnxruntime, and what the file says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state

from translate.errors import UnusableError, one_line
from translate.style.contract import DOMAIN, INPUT, OUTPUT, StyleInfo
from translate.style.onnx_check import check_model
from translate.style.session_cache import load_through_cache

FATAL = 4  # log severity: what fails raises as well, so the lines on standard error only repeat it

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
SHORT_OF_MEMORY = re.compile(r"alloc|out of memory|available memory", re.IGNORECASE)


def open_session(path: Path, providers: list[Any], *, optimise: bool = True, threads: int | None = None) -> Any:
    """Load ``path``; without ``optimise`` quickly, to read what it says of itself. Raises ``UnusableError``."""
    if not path.is_file():
        raise UnusableError(f"{path}: no such style file")
    check_model(path)
    options = onnxruntime.SessionOptions()
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    options.intra_op_num_threads = threads or 0  # 0: one per core
    options.log_severity_level = FATAL
    options.enable_mem_pattern = False  # one is kept for every size of picture
    # Waiting threads sleep: the cores they would spin on decode and encode the neighbouring pictures.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")

    def load(file: Path) -> Any:
        return onnxruntime.InferenceSession(file, options, providers=providers, enable_fallback=0)

    try:
        cached = optimise and providers == ["CPUExecutionProvider"]
        return load_through_cache(path, options, load, ORT_ERRORS) if cached else load(path)
    except ORT_ERRORS as error:
        raise UnusableError(
            f"{path}: cannot be loaded as ONNX ({reason(error)}); styles are written by `translate export`"
        ) from error


def read_style(path: Path) -> StyleInfo:
    """What the file ``path`` says of itself, read quickly. Raises ``UnusableError``."""
    return read_contract(open_session(path, ["CPUExecutionProvider"], optimise=False), path)


def read_contract(session: Any, path: Path) -> StyleInfo:
    """The metadata of a loaded style; raises ``UnusableError`` where the file does not keep the contract."""
    try:
        info = StyleInfo.from_metadata(session.get_modelmeta().custom_metadata_map)
        inputs = {port.name: port for port in session.get_inputs()}
        outputs = {port.name: port for port in session.get_outputs()}
        _require_port(inputs, INPUT, "uint8", [None, None, None, 3])
        _require_port(outputs, OUTPUT, "uint8", [None, None, None, 3])
        if info.domains and info.exclusive:
            _require_port(inputs, DOMAIN, "int64", [None])
        elif info.domains:
            _require_port(inputs, DOMAIN, "float", [None, len(info.domains)])
        return info
    except KeyError as error:
        problem = f"no {error.args[0]!r} in its metadata"
    except ValueError as error:
        problem = one_line(error)
    raise UnusableError(f"{path}: not a style of this program: {problem}; write one with `translate export`")


def _require_port(ports: Mapping[str, Any], name: str, kind: str, shape: list[int | None]) -> None:
    """Raise ``ValueError`` unless ``name`` is one of ``ports``, of this type and shape; None: a size left free."""
    if name not in ports:
        raise ValueError(f"nothing is named {name!r}")
    port = ports[name]
    if port.type != f"tensor({kind})" or [size if isinstance(size, int) else None for size in port.shape] != shape:
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name!r} is {port.type} {port.shape}, not {kind} [{wanted}]")


def reason(error: Exception) -> str:
    """What onnxruntime says, without its codes in front."""
    return re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", one_line(error))
