"""Converting videos: every frame at its time, sound untouched, upright, and interruptions cost little."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.helpers.pictures import draw_photo, files_below
from translate.errors import ExitCode, PictureError, UnusableError, UserError
from translate.media.frames import MovingOptions
from translate.media.video import convert as video
from translate.media.video import decode
from translate.media.video import segments as video_parts
from translate.media.video.colour import Colour
from translate.media.video.convert import VideoResult, convert_video
from translate.media.video.decode import FRAME_SHARE, probe, read_frames
from translate.media.video.mux import Unfit
from translate.media.video.segments import Encoding, SegmentEncoder, choose_codec
from translate.style.catalogue import find_style
from translate.style.translator import Translator

Pixels = NDArray[np.uint8]
MPEG_CLOCK = Fraction(1, 90_000)
RATE = 25
CLOSE = 6  # of 255: mean error of two lossy encodings of the drawn film


def film(count: int, width: int = 64, height: int = 48) -> list[Pixels]:
    """Frames with a bright square moving over a shaded background; no two are alike."""
    y, x = np.mgrid[0:height, 0:width]
    ground = np.stack([40 + x, 60 + y, 120 + (x + y) // 2], axis=-1).clip(0, 255).astype(np.uint8)
    frames = []
    for index in range(count):
        frame = ground.copy()
        left = 2 + index * 3 % (width - 20)
        frame[10:26, left : left + 16] = (230, 200, 40 + index)
        frames.append(frame)
    return frames


def write_video(
    path: Path,
    frames: Sequence[Pixels],
    *,
    codec: str = "libx264",
    pts: Sequence[int] | None = None,
    time_base: Fraction = MPEG_CLOCK,
    pixel_format: str = "yuv420p",
    audio: str | None = None,
    matrix: tuple[int, ...] | None = None,
    options: dict[str, str] | None = None,
    colour: Colour | None = None,
) -> Path:
    """25 frames per second unless ``pts`` says otherwise. ``matrix``: how it is rotated for display."""
    height, width = frames[0].shape[:2]
    step = round(1 / (RATE * time_base))
    pts = [index * step for index in range(len(frames))] if pts is None else pts
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        options = {"crf": "10", "g": "12"} if options is None else options
        stream: Any = container.add_stream(codec, rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.time_base = stream.codec_context.time_base = time_base
        conversion: dict[str, int] = {}
        if colour is not None:
            context = stream.codec_context
            context.colorspace, context.color_range = colour.matrix, colour.range
            context.color_primaries, context.color_trc = colour.primaries, colour.transfer
            conversion = {"dst_colorspace": colour.matrix, "dst_color_range": colour.range}
        if matrix is not None:
            stream.set_display_matrix(matrix)
        sound: Any = None
        if audio is not None:
            sound = container.add_stream(audio, rate=48_000)
            sound.layout = "mono"
            sound.bit_rate = 64_000
            container.metadata["title"] = "A square"
            sound.metadata["language"] = "fra"
        for when, pixels in zip(pts, frames, strict=True):
            frame: Any = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=pixel_format, **conversion)
            frame.pts, frame.time_base = when, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            seconds = len(frames) / RATE
            wave = np.sin(np.arange(int(48_000 * seconds)) / 20).astype(np.float32)[np.newaxis]
            tone = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
            tone.sample_rate, tone.pts = 48_000, 0
            for part in av.AudioResampler(format=sound.format, layout="mono", rate=48_000, frame_size=960).resample(
                tone
            ):
                container.mux(sound.encode(part))
            container.mux(sound.encode(None))
    return path


def frames_of(path: Path) -> list[Pixels]:
    """Decoded frames, as a player shows them."""
    return [frame.pixels for frame in read_frames(path, probe(path))]


def times_of(path: Path) -> list[Fraction]:
    """When each frame is shown, in seconds."""
    with av.open(str(path)) as container:
        return [(frame.pts or 0) * (frame.time_base or Fraction(0)) for frame in container.decode(video=0)]


def packets_of(path: Path, kind: str) -> list[tuple[bytes, Fraction]]:
    """The packets of the first stream of that kind and their times in seconds."""
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [
            (bytes(packet), packet.pts * packet.time_base)
            for packet in container.demux(stream)
            if packet.pts is not None
        ]


def seconds(path: Path) -> float:
    with av.open(str(path)) as container:
        assert container.duration is not None
        return container.duration / 1e6


def difference(some: Sequence[Pixels], others: Sequence[Pixels]) -> float:
    """The largest mean difference of two frames."""
    return max(float(np.abs(a.astype(int) - b).mean()) for a, b in zip(some, others, strict=True))


def invert(photos: Pixels) -> Pixels:
    return 255 - photos


class Inverts:
    """Inverts, and records its inputs."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, photos: Pixels) -> Pixels:
        self.shapes.append(photos.shape)
        return invert(photos)


def inverted(frames: Sequence[Pixels]) -> list[Pixels]:
    return [invert(frame) for frame in frames]


@pytest.mark.parametrize(
    ("suffix", "codec", "audio"),
    [
        (".mp4", "libx264", "aac"),
        (".mov", "libx264", "aac"),
        (".m4v", "libx264", "aac"),
        (".mkv", "libx264", "libopus"),
        (".webm", "libvpx-vp9", "libopus"),
    ],
)
def test_every_frame_is_translated_and_the_sound_is_copied(tmp_path: Path, suffix: str, codec: str, audio: str) -> None:
    source = write_video(tmp_path / f"in{suffix}", film(30), codec=codec, audio=audio)
    before = source.read_bytes()
    output = tmp_path / "new" / f"out{suffix}"
    calls: list[tuple[int, int | None]] = []
    result = convert_video(source, output, invert, on_progress=lambda *call: calls.append(call))
    assert result == VideoResult(size=(64, 48), frames=30, resumed=0, padded=False, unfit=Unfit([], []))
    assert difference(frames_of(output), inverted(frames_of(source))) < CLOSE
    assert times_of(output) == times_of(source)
    assert packets_of(output, "audio") == packets_of(source, "audio")
    assert abs(seconds(output) - seconds(source)) <= 1 / RATE
    assert [done for done, _ in calls] == [0, 8, 16, 24, 30]
    assert calls[-1][1] in (30, 31)  # WebM says how long it lasts, not how many frames it has
    with av.open(str(output)) as container:
        assert container.metadata["title"] == "A square"
        assert container.streams.audio[0].language == "fra"
    assert source.read_bytes() == before
    assert files_below(tmp_path) == {source.name, f"new/{output.name}"}


def test_without_sound(tmp_path: Path) -> None:
    source = write_video(tmp_path / "in.mp4", film(5))
    convert_video(source, tmp_path / "out.mp4", invert)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.video[0].average_rate == RATE


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_frame_rate(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also across segments, where the gaps are larger than the reordering of the frames."""
    monkeypatch.setattr(video, "SEGMENT_SECONDS", 0.3)
    gaps = [40, 20, 1500, 40, 90, 33, 700, 10, 40, 40, 2000, 10, 10, 10, 40, 400, 40, 40, 40, 800, 40, 40, 33, 34]
    pts = [90 * when for when in np.cumsum([0, *gaps]).tolist()]
    source = write_video(tmp_path / f"in{suffix}", film(len(pts)), pts=pts)
    output = tmp_path / f"out{suffix}"
    convert_video(source, output, invert)
    assert times_of(output) == times_of(source) == [Fraction(when, 90_000) for when in pts]
    assert difference(frames_of(output), inverted(frames_of(source))) < CLOSE


ONE = 1 << 16  # in a display matrix


@pytest.mark.parametrize(
    ("matrix", "shown"),
    [
        ((0, ONE, 0, -ONE, 0, 0, 0, 0, 1 << 30), Image.Transpose.ROTATE_270),  # a telephone held upright
        ((0, -ONE, 0, ONE, 0, 0, 0, 0, 1 << 30), Image.Transpose.ROTATE_90),
        ((-ONE, 0, 0, 0, -ONE, 0, 0, 0, 1 << 30), Image.Transpose.ROTATE_180),
        ((-ONE, 0, 0, 0, ONE, 0, 0, 0, 1 << 30), Image.Transpose.FLIP_LEFT_RIGHT),
        ((0, ONE, 0, ONE, 0, 0, 0, 0, 1 << 30), Image.Transpose.TRANSPOSE),
    ],
)
def test_plays_upright(tmp_path: Path, matrix: tuple[int, ...], shown: Image.Transpose) -> None:
    stored = film(3)
    source = write_video(tmp_path / "in.mp4", stored, matrix=matrix)
    inverts = Inverts()
    result = convert_video(source, tmp_path / "out.mp4", inverts)
    upright = [np.array(Image.fromarray(frame).transpose(shown)) for frame in stored]
    assert result.size == upright[0].shape[1::-1]
    assert inverts.shapes[0][1:] == upright[0].shape
    with av.open(str(tmp_path / "out.mp4")) as container:
        plain = [frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)]
        assert not any("DISPLAYMATRIX" in str(data.type) for data in frame_side_data(tmp_path / "out.mp4"))
    assert difference(plain, inverted(upright)) < CLOSE


def frame_side_data(path: Path) -> Iterator[Any]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield from iter(frame.side_data)


@pytest.mark.parametrize(
    ("codec", "suffix", "size"), [("libx264", ".mp4", (64, 48)), ("libvpx-vp9", ".webm", (63, 47))]
)
def test_odd_sizes(tmp_path: Path, codec: str, suffix: str, size: tuple[int, int]) -> None:
    """For H.264 the last row and column are repeated; VP9 allows any size."""
    frames = film(4, 63, 47)
    source = write_video(tmp_path / "in.mkv", frames, codec="ffv1", pixel_format="yuv444p", options={})
    result = convert_video(source, tmp_path / f"out{suffix}", invert)
    assert result.size == size
    shown = frames_of(tmp_path / f"out{suffix}")
    assert {frame.shape for frame in shown} == {(size[1], size[0], 3)}
    assert difference([frame[:47, :63] for frame in shown], inverted(frames)) < CLOSE
    assert (
        difference(
            [frame[:, -1] for frame in shown], [invert(frame)[[*range(47), 46][: size[1]], -1] for frame in frames]
        )
        < 12
    )


@pytest.mark.parametrize(("codec", "pixel_format"), [("png", "rgb24"), ("ffv1", "yuv422p10le"), ("ffv1", "gray")])
def test_any_pixels(tmp_path: Path, codec: str, pixel_format: str) -> None:
    frames = film(3)
    if pixel_format == "gray":
        frames = [np.repeat(frame.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8) for frame in frames]
    source = tmp_path / ("in.mov" if codec == "png" else "in.mkv")
    write_video(source, frames, codec=codec, pixel_format=pixel_format, options={})
    convert_video(source, tmp_path / "out.mkv", invert)
    assert difference(frames_of(tmp_path / "out.mkv"), inverted(frames)) < CLOSE


@pytest.mark.parametrize(
    "colour",
    [
        Colour(matrix=1, primaries=1, transfer=1, range=1),
        Colour(matrix=1, primaries=1, transfer=1, range=2),
        Colour(matrix=9, primaries=9, transfer=14, range=1),
        Colour(matrix=6, primaries=6, transfer=6, range=2),
    ],
)
def test_colours_are_what_they_were(tmp_path: Path, colour: Colour) -> None:
    patches = np.zeros((48, 64, 3), np.uint8)
    for index, rgb in enumerate([(250, 20, 20), (20, 250, 20), (20, 20, 250), (240, 240, 240)]):
        patches[:, 16 * index : 16 * index + 16] = rgb
    source = write_video(tmp_path / "in.mp4", [patches] * 3, colour=colour)
    convert_video(source, tmp_path / "out.mp4", lambda photos: photos)
    assert probe(tmp_path / "out.mp4").colour == probe(source).colour == colour
    (first, *_) = frames_of(tmp_path / "out.mp4")
    for column in (7, 23, 39, 55):
        assert np.abs(first[24, column].astype(int) - patches[24, column]).max() <= 6


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    source = tmp_path / "in.mp4"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(film(1)[0], format="rgb24")))
        container.mux(stream.encode(None))
    convert_video(source, tmp_path / "out.mp4", invert)
    assert probe(tmp_path / "out.mp4").pixel_aspect == Fraction(4, 3)


def test_quality(tmp_path: Path) -> None:
    noise = list(np.random.default_rng(0).integers(0, 256, (5, 48, 64, 3), np.uint8))
    source = write_video(tmp_path / "in.mp4", noise)
    sizes = []
    for quality in (20, None, 100):
        convert_video(source, tmp_path / f"{quality}.mp4", invert, MovingOptions(quality=quality))
        sizes.append((tmp_path / f"{quality}.mp4").stat().st_size)
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2] / 2


def test_smaller_and_side_by_side(tmp_path: Path) -> None:
    frames = film(4, 128, 96)
    source = write_video(tmp_path / "in.mp4", frames)
    result = convert_video(source, tmp_path / "out.mp4", invert, MovingOptions(max_size=64, compare=True))
    assert result.size == (128, 48)
    small = [np.array(Image.fromarray(frame).resize((64, 48), Image.Resampling.BOX)) for frame in frames]
    both = [np.hstack((frame, invert(frame))) for frame in small]
    assert difference(frames_of(tmp_path / "out.mp4"), both) < CLOSE


def test_the_style_in_the_box(tmp_path: Path) -> None:
    photos = [draw_photo(48, 32), 255 - draw_photo(48, 32)]
    source = write_video(tmp_path / "in.mp4", photos)
    translator = Translator(find_style("cel"), device="cpu")
    convert_video(source, tmp_path / "out.mp4", translator, MovingOptions(quality=100))
    expected = list(translator(np.stack(frames_of(source))))
    assert difference(frames_of(tmp_path / "out.mp4"), expected) < 2 * CLOSE
    assert difference(expected, frames_of(source)) > 3 * CLOSE


def test_a_drive_that_gives_no_data_is_not_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The segments made until then stay."""
    monkeypatch.setattr(video, "SEGMENT_SECONDS", 4 / 25)
    monkeypatch.setattr(video, "LARGEST_BATCH", 1)
    source, output = write_video(tmp_path / "in.mp4", film(12)), tmp_path / "out.mp4"
    with pytest.raises(KeyboardInterrupt):
        convert_video(source, output, Stops(8))
    before = files_below(tmp_path)
    monkeypatch.setattr(decode, "PATIENCE", 1e-9)
    with pytest.raises(PictureError, match=r"in\.mp4: gave no data for 1e-09 seconds; copy it") as refused:
        convert_video(source, output, invert)
    assert not isinstance(refused.value, decode.DamagedVideoError)
    assert files_below(tmp_path) == before and any("000000.npz" in name for name in before)


class Stops:
    """Inverts, and is interrupted before it has translated more than ``frames`` frames."""

    def __init__(self, frames: int) -> None:
        self.left = frames

    def __call__(self, photos: Pixels) -> Pixels:
        self.left -= len(photos)
        if self.left < 0:
            raise KeyboardInterrupt
        return invert(photos)


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> int:
    """Frames per segment."""
    monkeypatch.setattr(video, "SEGMENT_SECONDS", 8 / RATE)
    return 8


def noisy_film(count: int, width: int = 64, height: int = 48) -> list[Pixels]:
    rng = np.random.default_rng(1)
    frames = film(count, width, height)
    return [(frame + rng.normal(0, 3, frame.shape)).clip(0, 255).astype(np.uint8) for frame in frames]


@pytest.mark.slow
def test_the_same_frames_become_the_same_bytes() -> None:
    codec, options = choose_codec(".mp4", 100)
    encoding = Encoding(
        codec=codec,
        options=options,
        width=320,
        height=240,
        pixel_aspect=Fraction(1),
        rate=Fraction(RATE),
        time_base=Fraction(1, RATE),
        colour=Colour(matrix=6, primaries=6, transfer=6, range=1),
    )
    frames = noisy_film(30, 320, 240)

    def encoded() -> bytes:
        segment = SegmentEncoder(encoding)
        for index, frame in enumerate(frames):
            segment.add(frame, index, 1)
        segment.finish()
        return b"".join(bytes(packet) for packet in segment.packets)

    assert len({encoded() for _ in range(10)}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("stabilise", [False, True])
def test_an_interrupted_call_is_resumed(tmp_path: Path, short_segments: int, stabilise: bool) -> None:
    source = write_video(tmp_path / "in.mp4", noisy_film(30), audio="aac")
    options = MovingOptions(stabilise=stabilise)
    convert_video(source, tmp_path / "undisturbed.mp4", invert, options)
    output = tmp_path / "out.mp4"
    for stop in (12, 11):  # the second call finishes one more segment and starts another
        with pytest.raises(KeyboardInterrupt):
            convert_video(source, output, Stops(stop), options)
        assert not output.exists()
    inverts = Inverts()
    calls: list[tuple[int, int | None]] = []
    result = convert_video(source, output, inverts, options, on_progress=lambda *call: calls.append(call))
    assert result == VideoResult(
        size=(64, 48), frames=30, resumed=2 * short_segments, padded=False, unfit=Unfit([], [])
    )
    assert sum(shape[0] for shape in inverts.shapes) == 30 - 2 * short_segments
    assert calls[0] == (2 * short_segments, 30)
    assert difference(frames_of(output), frames_of(tmp_path / "undisturbed.mp4")) == 0
    assert packets_of(output, "video") == packets_of(tmp_path / "undisturbed.mp4", "video")
    assert packets_of(output, "audio") == packets_of(source, "audio")
    assert files_below(tmp_path) == {"in.mp4", "undisturbed.mp4", "out.mp4"}


def test_segments_of_other_settings_are_not_reused(tmp_path: Path, short_segments: int) -> None:
    source = write_video(tmp_path / "in.mp4", film(20))
    changes: list[tuple[MovingOptions, dict[str, object]]] = [
        (MovingOptions(quality=50), {"style": "a"}),
        (MovingOptions(), {"style": "b"}),
        (MovingOptions(stabilise=True), {"style": "a"}),
    ]
    for options, settings in changes:
        with pytest.raises(KeyboardInterrupt):
            convert_video(source, tmp_path / "out.mp4", Stops(8), settings={"style": "a"})
        result = convert_video(source, tmp_path / "out.mp4", invert, options, settings=settings, overwrite=True)
        assert result.resumed == 0
    with pytest.raises(KeyboardInterrupt):
        convert_video(source, tmp_path / "out.mp4", Stops(8))
    write_video(source, film(25))
    assert convert_video(source, tmp_path / "out.mp4", invert, overwrite=True).frames == 25


def test_after_a_stop_while_joining_only_joining_is_repeated(
    tmp_path: Path, short_segments: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_video(tmp_path / "in.mp4", film(20))

    def stopped(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(video, "join", stopped)
        with pytest.raises(KeyboardInterrupt):
            convert_video(source, tmp_path / "out.mp4", invert)
    result = convert_video(source, tmp_path / "out.mp4", Stops(0))
    assert result.resumed == result.frames == 20
    assert difference(frames_of(tmp_path / "out.mp4"), inverted(frames_of(source))) < CLOSE


@pytest.mark.skipif(os.name == "nt", reason="needs links")
@pytest.mark.parametrize("planted", [".lock", ""], ids=["lock", "folder"])
def test_links_in_place_of_the_segments_are_not_followed(tmp_path: Path, planted: str) -> None:
    source, others = write_video(tmp_path / "in.mp4", film(3)), tmp_path / "others"
    others.mkdir()
    (others / "000000.npz").write_text("a year's work")
    parts = tmp_path / ".out.mp4.parts"
    if planted:
        parts.mkdir()
        (parts / planted).symlink_to(others / "000000.npz")
    else:
        parts.symlink_to(others)
    with pytest.raises(
        PictureError, match=r"out\.mp4: cannot be written: .* is a link, which is not followed; remove it"
    ):
        convert_video(source, tmp_path / "out.mp4", invert)
    assert files_below(others) == {"000000.npz"}
    assert (others / "000000.npz").read_text() == "a year's work"


def test_segments_of_another_user_are_not_reused(
    tmp_path: Path, short_segments: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_video(tmp_path / "in.mp4", film(20))
    with pytest.raises(KeyboardInterrupt):
        convert_video(source, tmp_path / "out.mp4", Stops(8))
    monkeypatch.setattr(video_parts, "is_ours", lambda folder: False)
    assert convert_video(source, tmp_path / "out.mp4", invert).resumed == 0


def test_a_failure_to_translate_names_the_video(tmp_path: Path) -> None:
    def fail(photos: Pixels) -> Pixels:
        raise PictureError("64 x 48 pixels cannot be translated")

    source = write_video(tmp_path / "in.mp4", film(3))
    with pytest.raises(PictureError, match=r"in\.mp4: 64 x 48 pixels cannot be translated"):
        convert_video(source, tmp_path / "out.mp4", fail)


def shortened(path: Path, keep: float, **options: Any) -> None:
    write_video(path, film(100), **options)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])


def no_header(path: Path) -> None:
    shortened(path, 0.6)  # MP4 is written with its header at the end


def half_of_mp4(path: Path) -> None:
    whole = write_video(path.with_name("whole.mp4"), film(100))
    convert_video(whole, path, invert)  # with its header at the start
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])


def half_of_mkv(path: Path) -> None:
    whole = write_video(path.with_name("whole.mkv"), film(100), audio="aac")
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def text(path: Path) -> None:
    path.write_text("no video")


def empty(path: Path) -> None:
    path.touch()


def sound_alone(path: Path) -> None:
    write_video(path.with_name("whole.mp4"), film(5), audio="aac")
    with av.open(str(path.with_name("whole.mp4"))) as both, av.open(str(path), "w", format="mp4") as sound:
        copy = sound.add_stream_from_template(both.streams.audio[0])
        for packet in both.demux(both.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = copy
                sound.mux(packet)


def missing(path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (no_header, "damaged, cut short, or no video"),
        (half_of_mp4, "cut short"),
        (half_of_mkv, "cut short"),
        (text, "damaged, cut short, or no video that this program reads (MP4, "),
        (empty, "damaged, cut short, or no video"),
        (sound_alone, "holds no video"),
        (missing, "no such file"),
    ],
)
def test_files_that_are_not_whole_videos(tmp_path: Path, damage: Callable[[Path], None], words: str) -> None:
    source = tmp_path / "in.mp4"
    damage(source)
    with pytest.raises(PictureError) as error:
        convert_video(source, tmp_path / "out.mp4", invert)
    assert str(error.value).startswith(f"{source}: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert not [name for name in files_below(tmp_path) if "out.mp4" in name]  # nor its segments


@pytest.mark.parametrize("suffix", [".mkv", ".mts", ".mp4"])
def test_a_video_may_start_late(tmp_path: Path, suffix: str) -> None:
    step = round(1 / (RATE * MPEG_CLOCK))
    late = [3 * 90_000 + index * step for index in range(40)]
    source = write_video(tmp_path / f"in{suffix}", film(40), pts=late, audio="aac")
    convert_video(source, tmp_path / "out.mkv", invert)
    assert convert_video(tmp_path / "out.mkv", tmp_path / "again.mp4", invert).frames == 40  # also its own output
    assert times_of(tmp_path / "out.mkv")[0] == pytest.approx(3, abs=1.5)  # a transport stream begins at 1.4 s
    if suffix == ".mkv":
        shortened(source, 0.5)
        with pytest.raises(PictureError, match="cut short"):
            convert_video(source, tmp_path / "half.mkv", invert)


def test_sound_that_no_container_holds_is_stored_without_loss(tmp_path: Path) -> None:
    source = write_video(
        tmp_path / "in.wmv", film(20), codec="msmpeg4v3", time_base=Fraction(1, 25), audio="wmav2", options={}
    )
    with pytest.raises(PictureError, match=r"\.mp4 cannot hold its sound \(wmav2\); name an output that ends in \.mkv"):
        convert_video(source, tmp_path / "out.mp4", invert)
    result = convert_video(source, tmp_path / "out.mkv", invert)
    assert result.unfit == Unfit(["wmav2"], [])
    before, after = samples_of(source), samples_of(tmp_path / "out.mkv")
    assert abs(len(before) - len(after)) < 2048  # a block of the old codec
    length = min(len(before), len(after))
    np.testing.assert_allclose(after[:length], before[:length], atol=2 / 32768)


def samples_of(path: Path) -> NDArray[np.float64]:
    """The sound of a video, mono, in [-1, 1]."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=48_000)
        frames = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]) / 32768


def test_frames_have_a_pixel_limit(tmp_path: Path) -> None:
    source = write_video(tmp_path / "in.mp4", film(3))
    convert_video(source, tmp_path / "out.mp4", invert, MovingOptions(max_pixels=64 * 48 * FRAME_SHARE))
    small = MovingOptions(max_pixels=1000)
    with pytest.raises(PictureError, match=r"in\.mp4: frames of 64 x 48 .* limit of 200, .* max_pixels 15360"):
        convert_video(source, tmp_path / "small.mp4", invert, small)
    header = source.read_bytes()
    assert header.count(b"\0\x40\0\x30") == 1  # width and height, which the frames contradict
    source.write_bytes(header.replace(b"\0\x40\0\x30", b"\0\x04\0\x04"))
    with pytest.raises(PictureError, match=r"in\.mp4: "):
        convert_video(source, tmp_path / "small.mp4", invert, small)


@pytest.mark.parametrize(("limit", "value"), [("MAX_FRAMES", 2), ("MAX_SECONDS", 0.1)])
def test_frames_and_seconds_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: float
) -> None:
    monkeypatch.setattr(decode, limit, value)
    source = write_video(tmp_path / "in.mp4", film(5))
    with pytest.raises(PictureError, match=r"in\.mp4: more than .* frames or .* seconds; cut it"):
        convert_video(source, tmp_path / "out.mp4", invert)


def test_streams_the_container_cannot_hold(tmp_path: Path) -> None:
    source = write_video(tmp_path / "in.mp4", film(3), audio="aac")
    with pytest.raises(PictureError, match=r"in\.mp4: \.webm cannot hold its sound \(aac\); .*\.mkv"):
        convert_video(source, tmp_path / "out.webm", invert)
    with pytest.raises(UserError, match=r"out\.avi: a video is written to \.mp4"):
        convert_video(source, tmp_path / "out.avi", invert)
    (tmp_path / "file").touch()
    with pytest.raises(PictureError, match="cannot be written"):
        convert_video(source, tmp_path / "file" / "out.mp4", invert)
    assert convert_video(source, tmp_path / "out.mkv", invert).frames == 3
    assert packets_of(tmp_path / "out.mkv", "audio")[5][0] == packets_of(source, "audio")[5][0]


def test_subtitles(tmp_path: Path) -> None:
    plain = write_video(tmp_path / "plain.mkv", film(30), audio="aac")
    (tmp_path / "text.srt").write_text("1\n00:00:00,200 --> 00:00:00,800\nA square\n", encoding="utf-8")
    source = tmp_path / "in.mkv"
    with (
        av.open(str(plain)) as film_alone,
        av.open(str(tmp_path / "text.srt")) as words,
        av.open(str(source), "w") as both,
    ):
        copies = {}
        for container in (film_alone, words):
            for stream in container.streams:
                copies[stream] = both.add_stream_from_template(stream, opaque=True)
        for container in (film_alone, words):
            for packet in container.demux():
                if packet.dts is not None:
                    packet.stream = copies[packet.stream]
                    both.mux(packet)
    assert convert_video(source, tmp_path / "out.mkv", invert).unfit == Unfit([], [])
    assert packets_of(tmp_path / "out.mkv", "subtitle") == packets_of(source, "subtitle") != []
    assert convert_video(source, tmp_path / "out.mp4", invert).unfit == Unfit([], ["subrip"])


def test_without_x264_vp9_stands_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_video(tmp_path / "in.mp4", film(5), audio="aac")
    known = av.codec.codecs_available
    monkeypatch.setattr(av.codec, "codecs_available", known - {"libx264"})
    convert_video(source, tmp_path / "out.mp4", invert)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].codec_context.name in ("vp9", "libvpx-vp9")
    assert difference(frames_of(tmp_path / "out.mp4"), inverted(frames_of(source))) < CLOSE
    monkeypatch.setattr(av.codec, "codecs_available", frozenset())
    with pytest.raises(UnusableError, match=r"no encoder for \.mp4"):
        video_parts.choose_codec(".mp4", None)


def test_without_pyav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UnusableError, match=r"pip install 'picture-translate\[video\]'") as error:
        convert_video(tmp_path / "in.mp4", tmp_path / "out.mp4", invert)
    assert error.value.exit_code == ExitCode.UNUSABLE
