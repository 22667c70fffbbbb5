"""The checks of `bench.convert` that are not about time: memory, and unchanged results."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from translate.media.images import load_rgb
from translate.style.catalogue import DEFAULT_STYLE, find_style
from translate.style.translator import Translator

Rows = list[tuple[str, str]]
TRANSLATE = [sys.executable, "-m", "translate"]
MANY = 2000
CROP = 128  # side in pixels of the many photos
LARGE = (20_000, 10_000)  # width and height


def peak_of(*arguments: object) -> tuple[float, str]:
    """Peak resident memory in MB of `translate ARGUMENTS...`, and what it printed."""
    program = (
        "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE);"
        "sys.stdout.buffer.write(done.stdout); sys.stdout.flush();"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr); sys.exit(done.returncode)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *TRANSLATE, *map(str, arguments), "-q"],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stderr.split()[-1]) / 1e3, done.stdout


def check_many(photos: list[Path], work: Path, **_: int) -> Rows:
    """Memory with many files, and resuming an interrupted run."""
    (work / "few").mkdir()
    (work / "in").mkdir()
    random = np.random.default_rng(0)
    pictures = [load_rgb(photo) for photo in photos]
    for index in range(MANY):
        picture = pictures[index % len(pictures)]
        top, left = (int(random.integers(side - CROP)) for side in picture.shape[:2])
        crop = Image.fromarray(np.ascontiguousarray(picture[top : top + CROP, left : left + CROP]))
        for folder in ("few", "in") if index < MANY // 10 else ("in",):
            crop.save(work / folder / f"{index:04}.jpg", quality=92)
    few, _printed = peak_of("convert", work / "few", "-o", work / "few_out")
    many, _printed = peak_of("convert", work / "in", "-o", work / "out")
    again = [*TRANSLATE, "convert", str(work / "in"), "-o", str(work / "again"), "--skip-existing", "-q"]
    process = subprocess.Popen(again)
    while process.poll() is None and len(list((work / "again").glob("*.jpg"))) < MANY // 3:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    stopped, done = process.wait(), len(list((work / "again").glob("*.jpg")))
    subprocess.run(again, check=True)
    same = {path.name: path.read_bytes() for path in (work / "out").iterdir()} == {
        path.name: path.read_bytes() for path in (work / "again").iterdir()
    }
    return [
        (f"peak memory after {MANY // 10} and {MANY} photos, MB", f"{few:.0f}, {many:.0f}"),
        ("difference", f"{abs(many - few) / few:.1%}"),
        (f"interrupted at {done} photos: exit code", str(stopped)),
        ("resumed: the same files, byte for byte", "yes" if same else "NO"),
    ]


def check_large(photos: list[Path], work: Path, **_: int) -> Rows:
    """A picture of 200 megapixels, and one of 9 megapixels both whole and in tiles."""
    width, height = LARGE
    photo = Image.fromarray(load_rgb(photos[0]))
    image = Image.new("RGB", LARGE)
    for top in range(0, height, photo.height):
        for left in range(0, width, photo.width):
            image.paste(photo, (left, top))
    image.save(work / "large.jpg", quality=92)
    part = np.asarray(image.crop((0, 0, 3000, 3000)))[np.newaxis]
    del image
    peak, printed = peak_of("convert", work / "large.jpg", "-o", work / "out.jpg", "--json")
    summary = json.loads(printed)["summary"]
    rows = [(f"{width * height / 1e6:.0f} MP JPEG to JPEG: peak memory, MB", f"{peak:.0f}")]
    rows.append(("its seconds", f"{summary['seconds']:.0f}"))
    with Image.open(work / "out.jpg") as written:
        rows.append(("its size", f"{written.width} x {written.height}"))
    for name in (DEFAULT_STYLE, f"{DEFAULT_STYLE}-int8"):
        path = find_style(name)
        whole = Translator(path, device="cpu", tile=0)(part)
        tiled = Translator(path, device="cpu", tile=512)(part)
        difference = np.abs(whole.astype(np.int16) - tiled)
        rows.append((f"{name}: largest difference between tiles and whole, of 255", f"{difference.max()}"))
    return rows


def check_video(photos: list[Path], work: Path, **_: int) -> Rows:
    """Ten seconds of 720p with sound, converted with the style."""
    import av

    source, output = work / "in.mp4", work / "out.mp4"
    write_video(photos, source)
    start = time.perf_counter()
    subprocess.run([*TRANSLATE, "convert", str(source), "-o", str(output), "-q"], check=True)
    taken = time.perf_counter() - start
    measured = []
    for file in (source, output):
        with av.open(str(file)) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            packets = [bytes(packet) for packet in container.demux(audio) if packet.size]
            container.seek(0)
            frames = sum(1 for _ in container.decode(video))
            assert video.time_base is not None and video.duration is not None
            measured.append((frames, float(video.duration * video.time_base), packets))
    (frames, duration, sound), (frames_out, duration_out, sound_out) = measured
    return [
        ("frames in and out", f"{frames}, {frames_out}"),
        ("duration in and out, s", f"{duration:.3f}, {duration_out:.3f}"),
        ("sound packets identical", "yes" if sound == sound_out and sound else "NO"),
        ("seconds taken", f"{taken:.0f}"),
    ]


def write_video(photos: list[Path], path: Path, *, seconds: int = 10, rate: int = 25) -> None:
    """Write a pan over photos, with a tone as its sound."""
    import av

    with av.open(str(path), "w") as container:
        video, audio = container.add_stream("libx264", rate=rate), container.add_stream("aac", rate=44100)
        video.width, video.height, video.pix_fmt = 1280, 720, "yuv420p"
        wide = [np.asarray(Image.fromarray(load_rgb(photo)).resize((1480, 720))) for photo in photos[:5]]
        for index in range(seconds * rate):
            left = index % 50 * 4
            picture = np.ascontiguousarray(wide[index // 50 % len(wide)][:, left : left + 1280])
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        tone = np.sin(np.arange(seconds * 44100) * 0.05).astype(np.float32)
        for start in range(0, len(tone), 1024):
            frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, start
            container.mux(audio.encode(frame))
        for stream in (video, audio):
            container.mux(stream.encode(None))


def check_ray(photos: list[Path], work: Path, **_: int) -> Rows:
    """The same photos converted locally and with Ray."""
    for name, options in (("local", []), ("ray", ["--engine", "ray"])):
        command = [*TRANSLATE, "convert", *map(str, photos), "-o", str(work / name), "--format", "jpg", "-q", *options]
        subprocess.run(command, check=True, env=os.environ | {"RAY_DEDUP_LOGS": "0"})
    local, ray = ({path.name: path.read_bytes() for path in (work / name).iterdir()} for name in ("local", "ray"))
    killed = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "killed", "tests/convert/ray/test_engine.py"], check=False
    )
    return [
        ("same bytes as locally", "yes" if local == ray and local else "NO"),
        ("a worker killed: another does its part, nothing twice", "yes" if killed.returncode == 0 else "NO"),
    ]
