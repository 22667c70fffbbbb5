"""Conversion on a GPU: equal to the CPU, and how fast each stage and the whole are."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tools.bench.gpu_report import Report
from translate.convert.conversion import ConvertRequest, prepare
from translate.errors import UnusableError, one_line
from translate.export.half import halve_style
from translate.media.gpu_jpeg import GpuJpeg, JpegCodec
from translate.media.images import Picture, encode_picture, load_frugally, load_rgb, load_rgb_within, size_within
from translate.storage.folders import find_images
from translate.style.catalogue import DEFAULT_STYLE, FP16, find_style, list_styles
from translate.style.devices import GpuOptions, tensorrt_obstacle
from translate.style.enlarger import Enlarger
from translate.style.translator import Translator

Pixels = NDArray[np.uint8]
LARGEST = {"fp32": 1, "fp16": 2}  # difference to the CPU's float32 result, of 255
SHARE = 0.8  # of the limiting stage, that the whole has to reach


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How much is measured."""

    device: str = "cuda:0"
    styles: int = 100
    side: int = 768  # longer side of the pictures for the network, of 2:3
    batches: tuple[int, ...] = (1, 8, 32)
    seconds: float = 1.0  # per figure
    folders: tuple[tuple[int, int, int], ...] = ((2000, 768, 512), (500, 4240, 2832))  # photos, width, height
    threads: int = os.cpu_count() or 1


DRY = Scale(
    device="cpu", styles=1, side=48, batches=(1, 2), seconds=0.01, folders=((4, 96, 64), (2, 160, 112)), threads=2
)


def half_of(style: Path, work: Path, photos: list[Path]) -> Path:
    """The float16 variant of a shipped style: its own, else one made in ``work``."""
    shipped = style.with_stem(style.stem + FP16)
    made = shipped if shipped.is_file() else work / shipped.name
    if not made.is_file():
        halve_style(style, made, photos)
    return made


def check_parity(report: Report, photos: Path, work: Path, scale: Scale) -> None:
    """Every shipped style on the device against the CPU, in float32 and float16."""
    files = find_images(photos, recursive=False)[:2]
    pictures = [load_rgb_within(file, scale.side)[np.newaxis] for file in files]
    for name, path in list(list_styles().items())[: scale.styles]:
        reference = Translator(path, device="cpu")
        expected = [reference(picture).astype(np.int16) for picture in pictures]
        for precision, largest in LARGEST.items():
            style = path if precision == "fp32" else half_of(path, work, files)
            own = Translator(style, device=scale.device, bind=True)
            apart = [np.abs(own(picture) - wanted) for picture, wanted in zip(pictures, expected, strict=True)]
            most, mean = max(int(part.max()) for part in apart), float(np.mean([part.mean() for part in apart]))
            report.check(f"{name} in {precision} equals the CPU", most <= largest, f"{most} of 255, mean {mean:.4f}")


def measure_network(report: Report, photos: Path, work: Path, scale: Scale) -> float:
    """Megapixels per second of the default style, each way of running it; returns the fastest."""
    style, files = find_style(DEFAULT_STYLE), find_images(photos, recursive=False)[:1]
    half = half_of(style, work, files)
    on_gpu = scale.device != "cpu"
    ways: dict[str, tuple[Path, GpuOptions, bool]] = {
        "fp32, copies by onnxruntime": (style, GpuOptions(), False),
        "fp32, reused buffers": (style, GpuOptions(), True),
        "fp16, reused buffers": (half, GpuOptions(), True),
    }
    if on_gpu:
        ways["fp16, CUDA graphs"] = half, GpuOptions(cuda_graphs=True), True
        obstacle = tensorrt_obstacle()
        if obstacle is None:
            ways["fp16, TensorRT"] = half, GpuOptions(tensorrt=True), True
        else:
            report.row("network", way="TensorRT", note=obstacle)
    height, width, fastest = scale.side * 2 // 3, scale.side, 0.0
    for way, (file, gpu, bind) in ways.items():
        remarks: list[str] = []
        for batch in scale.batches:
            try:
                translator = Translator(file, device=scale.device, gpu=gpu, bind=bind, on_remark=remarks.append)
                images = np.random.default_rng(0).integers(0, 256, (batch, height, width, 3), np.uint8)
                rate = per_second(lambda: translator(images), scale.seconds) * images[..., 0].size / 1e6  # noqa: B023
            except UnusableError as error:
                report.row("network", way=way, batch=batch, note=one_line(error))
                continue
            fastest = max(fastest, rate)
            report.row("network", way=way, batch=batch, mp_per_s=rate, note="; ".join(remarks))
    return fastest


def per_second(run: Callable[[], object], seconds: float) -> float:
    """Runs per second, after two that are not timed."""
    run()
    run()
    count, start = 0, time.perf_counter()
    while (taken := time.perf_counter() - start) < seconds or not count:
        run()
        count += 1
    return count / max(taken, time.perf_counter() - start)


def measure_folders(report: Report, photos: Path, work: Path, scale: Scale, network: float) -> None:
    """Decoding, enlarging and encoding by themselves, and whole conversions, for each of the folders."""
    working = find_style(DEFAULT_STYLE)
    longest = Translator(working, device="cpu").info.working_size
    codecs: dict[str, JpegCodec | None] = {"processor": None}
    if scale.device != "cpu":
        try:
            codecs["GPU"] = GpuJpeg(on_remark=lambda remark: report.row("remarks", remark=remark))
        except UnusableError as error:
            report.row("stages", stage="nvImageCodec", note=one_line(error))
    for count, width, height in scale.folders:
        folder = write_photos(photos, work / f"{width}x{height}", count, width, height)
        size, pixels = f"{width}x{height}", width * height / 1e6
        rates = {}
        for place, codec in codecs.items():
            rates[f"decode, {place}"] = decode_rate(folder, codec, longest, scale) * pixels
            rates[f"encode, {place}"] = encode_rate(folder, codec, scale) * pixels
        small = size_within((width, height), longest)
        if small != (width, height):
            rates["enlarge"] = enlarge_rate(small, (width, height), scale) * pixels
        rates["network"] = network * (width * height) / (small[0] * small[1])
        for stage, rate in rates.items():
            report.row("stages", photos=size, stage=stage, mp_per_s=rate)
        for place in codecs:
            whole = convert_rate(folder, work / f"out-{size}-{place}", scale, gpu_jpeg=place == "GPU") * pixels
            stages = {name: rate for name, rate in rates.items() if "," not in name or name.endswith(place)}
            slowest = min(stages, key=lambda name: stages[name])
            share = whole / stages[slowest]
            report.row(
                "end to end", photos=f"{count} of {size}", jpeg=place, mp_per_s=whole, limited_by=slowest, share=share
            )
            if not report.dry:
                report.check(f"{size}, JPEG by the {place}: {SHARE:.0%} of {slowest}", share >= SHARE, f"{share:.0%}")


def write_photos(photos: Path, folder: Path, count: int, width: int, height: int) -> Path:
    """``count`` JPEGs of this size in ``folder``: few different ones, under many names."""
    folder.mkdir(parents=True)
    originals = []
    for number, photo in enumerate(find_images(photos, recursive=False)[:count]):
        originals.append(folder / f"{number:05}.jpg")
        Image.fromarray(load_rgb(photo)).resize((width, height)).save(originals[-1], quality=92)
    for number in range(len(originals), count):
        (folder / f"{number:05}.jpg").hardlink_to(originals[number % len(originals)])
    return folder


def in_threads(work: Callable[[int], object], scale: Scale) -> float:
    """Calls per second of ``work`` from as many threads as there are cores."""
    with ThreadPoolExecutor(scale.threads) as pool:
        calls: Iterable[int] = range(4 * scale.threads)
        return per_second(lambda: list(pool.map(work, calls)), scale.seconds) * 4 * scale.threads


def decode_rate(folder: Path, codec: JpegCodec | None, longest: int, scale: Scale) -> float:
    contents = [path.read_bytes() for path in sorted(folder.iterdir())[:6]]

    def decode(number: int) -> object:
        return load_frugally(
            contents[number % len(contents)],
            max_pixels=10**9,
            large=10**9,
            admit_large=lambda: None,
            enough=longest,
            jpeg=codec,
        )

    return in_threads(decode, scale)


def encode_rate(folder: Path, codec: JpegCodec | None, scale: Scale) -> float:
    picture = Picture(load_rgb(min(folder.iterdir())))
    return in_threads(lambda number: encode_picture(picture, "JPEG", jpeg=codec), scale)


def enlarge_rate(small: tuple[int, int], size: tuple[int, int], scale: Scale) -> float:
    enlarger = Enlarger(device=scale.device)
    enlarger.divide_cores(scale.threads)
    drawn = np.zeros((1, small[1], small[0], 3), np.uint8)
    return in_threads(lambda number: enlarger(drawn, size), scale)


def convert_rate(folder: Path, output: Path, scale: Scale, *, gpu_jpeg: bool) -> float:
    """Photos per second of a conversion by the program, opened before."""
    request = ConvertRequest(
        inputs=[folder],
        output=output,
        device=scale.device,
        workers=scale.threads,
        gpu=GpuOptions(batch=scale.batches[-1]),
        gpu_jpeg=gpu_jpeg,
    )
    conversion = prepare(request)
    start = time.perf_counter()
    failed = [result.error for result in conversion.run() if result.error]
    if failed:
        raise UnusableError(f"{len(failed)} photos failed, the first: {failed[0]}")
    return len(conversion.jobs) / (time.perf_counter() - start)
