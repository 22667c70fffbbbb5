"""`translate doctor`: the hardware and libraries that the program runs on, and whether it works."""

from __future__ import annotations

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, Any

import typer

from translate import __version__
from translate.commands.terminal import quiet_onnxruntime, with_flags
from translate.errors import ExitCode, UnusableError, UserError, one_line, printable
from translate.style.catalogue import DEFAULT_STYLE, find_style, list_styles

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from translate.style.devices import Cuda

ONNXRUNTIMES = ("onnxruntime-gpu", "onnxruntime", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-qnn")
TOLERANCE = 1.0  # mean of 255 levels: GPUs compute convolutions less precisely; broken devices are off by far more

Report = dict[str, Any]


def doctor(as_json: Annotated[bool, typer.Option("--json", help="report as JSON on standard output")] = False) -> None:
    """Show what the program runs on, test a style on each device, and say which one --device auto takes.

    Exit code 3: the style does not work on the CPU.
    """
    report = _examine()
    typer.echo(json.dumps(report, indent=2) if as_json else "\n".join(_lines(report)))
    if not report["self_test"]["passed"]:
        raise typer.Exit(ExitCode.UNUSABLE)


def _examine() -> Report:
    try:
        from translate.style.devices import Cuda
    except ImportError as error:
        found = ", ".join(f"{name} {number}" for name, number in _installed(*ONNXRUNTIMES).items()) or "not installed"
        raise UnusableError(
            f"onnxruntime ({found}) cannot be loaded: {one_line(error)}; "
            "pip install --force-reinstall onnxruntime-gpu, or onnxruntime where that has no wheels"
        ) from error

    quiet_onnxruntime()
    cuda = Cuda()
    return {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "onnxruntime": _onnxruntime(),
        **_installed("numpy"),
        "pillow": _pillow(),
        "torch": _installed("torch").get("torch"),
        "processor": _processor(),
        "cuda": {
            "built": cuda.built,
            "driver": cuda.driver_version,
            "gpus": cuda.gpus,
            "libraries": cuda.libraries,
            "obstacle": cuda.obstacle(),
        },
        "styles": _styles(),
        "cache": _cache(),
        "self_test": _self_test(cuda),
        "auto": _auto(),
    }


def _installed(*names: str) -> dict[str, str]:
    """The versions of those packages that are installed, without importing them."""
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def _onnxruntime() -> Report:
    import onnxruntime

    return {
        "version": onnxruntime.__version__,
        "packages": _installed(*ONNXRUNTIMES),
        "cuda": onnxruntime.cuda_version or None,  # the version it was built with
        "providers": onnxruntime.get_available_providers(),
    }


def _pillow() -> Report:
    from PIL import features

    codecs = ("libjpeg_turbo", "webp", "avif")
    return {
        **_installed("pillow"),
        **{codec: features.version(codec) if features.check(codec) else None for codec in codecs},
    }


def _processor() -> Report:
    from translate.machine import processor_features, usable_cores

    features = processor_features()
    return {
        "machine": platform.machine(),
        "cores": usable_cores(),
        "avx2": "AVX2" in features,
        "avx512": "AVX512F" in features or "X86_V4" in features,
        "avx512_vnni": "AVX512VNNI" in features or any(f"AVX512_{name}" in features for name in ("CLX", "ICL", "SPR")),
        "features": features,
    }


def _styles() -> list[Report]:
    from translate.style.session import read_style

    styles = []
    for name, path in list_styles().items():
        try:
            info = read_style(path)
            details = {"title": info.title, "precision": info.precision, "error": None}
        except UserError as error:
            details = {"title": None, "precision": None, "error": with_flags(one_line(error))}
        styles.append({"name": name, "file": str(path), "bytes": path.stat().st_size, **details})
    return styles


def _cache() -> Report:
    from translate.storage.cache import cache_folder
    from translate.style.session_cache import cache_size

    folder = cache_folder()
    files, size = (0, 0) if folder is None else cache_size(folder)
    return {"folder": None if folder is None else str(folder), "files": files, "bytes": size}


def _self_test(cuda: Cuda) -> Report:
    """Compare the default style on every usable device to unoptimised arithmetic on the CPU."""
    usable = [f"cuda:{number}" for number in range(cuda.gpu_count) if cuda.obstacle(number) is None]
    try:
        picture = _test_picture()
        expected = _reference_output(picture)
        tests = [_test(device, picture, expected) for device in ("cpu", *usable)]
    except UserError as error:
        tests = [{"device": "cpu", "passed": False, "mean_difference": None, "error": with_flags(one_line(error))}]
    return {"style": DEFAULT_STYLE, "passed": tests[0]["passed"], "devices": tests}


def _test_picture() -> NDArray[np.uint8]:
    """uint8 [1, 96, 128, 3] with gradients and edges."""
    import numpy as np

    y, x = np.mgrid[0:96, 0:128]
    return np.stack([2 * x, 255 - 2 * y, (x // 16 + y // 16) % 2 * 255], axis=-1).astype(np.uint8)[np.newaxis]


def _reference_output(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The CPU's output for ``picture`` without graph optimisations; raises ``UnusableError``."""
    from translate.style.contract import INPUT, OUTPUT
    from translate.style.session import ORT_ERRORS, open_session

    path = find_style(DEFAULT_STYLE)
    session = open_session(path, ["CPUExecutionProvider"], optimise=False)
    try:
        (output,) = session.run([OUTPUT], {INPUT: picture})
    except ORT_ERRORS as error:
        raise UnusableError(f"{path}: {one_line(error)}") from error
    return output


def _test(device: str, picture: NDArray[np.uint8], expected: NDArray[np.uint8]) -> Report:
    import numpy as np

    from translate.style.translator import Translator

    try:
        output = Translator(find_style(DEFAULT_STYLE), device=device)(picture)
    except UserError as error:
        return {"device": device, "passed": False, "mean_difference": None, "error": with_flags(one_line(error))}
    difference = round(float(np.abs(output.astype(np.int16) - expected).mean()), 4)
    return {"device": device, "passed": difference <= TOLERANCE, "mean_difference": difference, "error": None}


def _auto() -> Report:
    from translate.style.devices import choose_device
    from translate.style.translator import Translator

    try:
        translator = Translator(find_style(DEFAULT_STYLE))  # creating a session on a GPU may still fail
        device, why_cpu = translator.device, translator.why_cpu
    except UserError:
        device, why_cpu = choose_device("auto")
    return {"device": device, "why_cpu": why_cpu}


def _lines(report: Report) -> list[str]:
    onnxruntime, pillow, processor = report["onnxruntime"], report["pillow"], report["processor"]
    packages = [f"{name} {number}" for name, number in onnxruntime["packages"].items()]
    lines = [
        f"translate {report['version']}, Python {report['python']}, {report['platform']}",
        f"onnxruntime {onnxruntime['version']} ({' and '.join(packages) or 'of an unknown package'}): "
        + ", ".join(onnxruntime["providers"]),
        *_clash_lines(onnxruntime["packages"]),
        f"numpy {report['numpy']}",
        f"Pillow {pillow['pillow']}: libjpeg-turbo {pillow['libjpeg_turbo'] or 'missing'}, "
        f"WebP {pillow['webp'] or 'missing'}, AVIF {pillow['avif'] or 'missing'}",
        f"torch {report['torch'] or 'not installed; only training and export need it'}",
        f"processor: {processor['machine']}, {processor['cores']} cores usable, "
        + ", ".join(
            f"{label} {'yes' if processor[key] else 'no'}"
            for label, key in (("AVX2", "avx2"), ("AVX512", "avx512"), ("AVX512-VNNI", "avx512_vnni"))
        ),
        *_cuda_lines(report["cuda"]),
        *map(_style_line, report["styles"]),
        _cache_line(report["cache"]),
        *(_test_line(report["self_test"]["style"], test) for test in report["self_test"]["devices"]),
        f"--device auto takes {report['auto']['device']}"
        + (f": {report['auto']['why_cpu']}" if report["auto"]["why_cpu"] else ""),
    ]
    return [printable(line) for line in lines]


def _clash_lines(packages: dict[str, str]) -> list[str]:
    if len(packages) < 2:
        return []
    return [f"these share files, and one breaks the other: pip uninstall {' '.join(packages)}, then install one"]


def _cuda_lines(cuda: Report) -> list[str]:
    if not cuda["built"]:
        return [f"CUDA: {cuda['obstacle']}"]
    driver = f"for CUDA {cuda['driver']}" if cuda["driver"] else "not installed"
    return [
        f"CUDA driver: {driver}",
        *(f"cuda:{number}: {name}" for number, name in enumerate(cuda["gpus"])),
        "CUDA libraries: "
        + ", ".join(f"{name} {'found' if found else 'missing'}" for name, found in cuda["libraries"].items()),
    ]


def _style_line(style: Report) -> str:
    details = style["error"] or f"{style['title']}, {style['precision']}, {style['bytes'] / 1e6:.1f} MB"
    return f"style {style['name']}: {details}"


def _cache_line(cache: Report) -> str:
    if cache["folder"] is None:
        return "cache: switched off: TRANSLATE_CACHE is empty, or other users may write to the folder"
    return f"cache: {cache['folder']}, {cache['files']} files, {cache['bytes'] / 1e6:.1f} MB"


def _test_line(style: str, test: Report) -> str:
    outcome = "passed" if test["passed"] else "FAILED"
    detail = test["error"] or f"differs by {test['mean_difference']} of 255 on average from unoptimised arithmetic"
    return f"self-test of {style} on {test['device']}: {outcome}, {detail}"
