"""Videos and animations beside photos in one conversion."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.helpers.command_line import RunCli
from tests.helpers.pictures import draw_photo, files_below, unchanged
from tests.media.test_animation import drawn, write
from tests.media.video.test_convert import film, frames_of, invert, packets_of, write_video
from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import Domain, Job, plan
from translate.errors import ExitCode, UnusableError
from translate.media.mark import made_by


@pytest.fixture
def album(tmp_path: Path) -> Path:
    folder = tmp_path / "album"
    folder.mkdir()
    Image.fromarray(draw_photo(30, 21)).save(folder / "a.png")
    write(folder / "b.gif", drawn())
    write_video(folder / "c.mp4", film(6), audio="aac")
    return folder


def test_a_folder_with_photos_animations_and_videos(
    run_cli: RunCli, album: Path, tmp_path: Path, tiny_style: Path
) -> None:
    (album / "d.mp4").write_bytes(b"no video")
    done = run_cli("convert", album, "-o", tmp_path / "out", "--style", tiny_style, "--device", "cpu", "--json")
    assert done.code == ExitCode.SOME_FAILED
    assert [line.count(str(album)) for line in done.err.splitlines() if line.startswith("failed: ")] == [1]
    files = json.loads(done.out)["files"]
    assert [file["status"] for file in files] == ["converted", "converted", "converted", "failed"]
    assert [file["size"] for file in files] == [[30, 21], [40, 30], [64, 48], None]
    assert files_below(tmp_path / "out") == {"a.png", "b.gif", "c.mp4"}
    with Image.open(tmp_path / "out" / "b.gif") as image:
        assert getattr(image, "n_frames", 1) == 4
    assert len(frames_of(tmp_path / "out" / "c.mp4")) == 6
    assert packets_of(tmp_path / "out" / "c.mp4", "audio") == packets_of(album / "c.mp4", "audio")


@pytest.mark.parametrize("how", ["refuse", "skip", "overwrite"])
def test_an_output_that_appears_meanwhile_is_kept_unless_overwritten(album: Path, tmp_path: Path, how: str) -> None:
    """Another program's file, or that of a second conversion into the same folder."""
    out = tmp_path / "out"
    out.mkdir()

    def translate(photos: np.ndarray, domain: Domain) -> np.ndarray:
        for name in ("a.png", "b.gif", "c.mp4"):
            (out / name).write_bytes(b"theirs")
        return photos

    jobs = plan([str(album)], str(out), overwrite=how == "overwrite", skip_existing=how == "skip")
    results = list(run_jobs(jobs, translate, Options(workers=1)))
    kept = [path.read_bytes() == b"theirs" for path in (out / "a.png", out / "b.gif", out / "c.mp4")]
    if how == "overwrite":
        assert [result.error for result in results] == [None] * 3
        assert not kept[2]  # the others were replaced before the video was translated
        return
    assert kept == [True] * 3
    if how == "skip":
        assert all(result.skipped and result.error is None for result in results)
    else:
        for result in results:
            words = "appeared during the conversion, and is kept; overwrite replaces it"
            assert result.error == f"{result.output}: {words}"


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
def test_videos_are_marked_and_metadata_can_be_stripped(tmp_path: Path, suffix: str) -> None:
    source, output = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    write_video(source, film(3), codec="libvpx-vp9" if suffix == ".webm" else "libx264")
    with av.open(str(source)) as original, av.open(str(output), "w") as container:
        stream = container.add_stream_from_template(original.streams.video[0])
        container.metadata.update({"title": "A square", "comment": "at home", "location": "+52.5+013.4/"})
        for packet in original.demux():
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    output.replace(source)
    for strip in (False, True):
        options = Options(strip_metadata=strip)
        jobs = plan([str(source)], str(output), overwrite=True)
        (result,) = run_jobs(jobs, unchanged, options)
        assert result.error is None
        assert made_by(output) == "convert"
        with av.open(str(output)) as made:
            tags = {name.lower(): value for name, value in made.metadata.items()}
        assert ("title" in tags) != strip and ("at home" in tags["comment"]) != strip
        assert not strip or "location" not in tags


def test_a_size_that_a_codec_cannot_hold_is_told(tmp_path: Path) -> None:
    write_video(tmp_path / "odd.webm", film(3, 61, 47), codec="libvpx-vp9")
    notes: list[str] = []
    options = Options(on_note=lambda job, text: notes.append(text))
    for name in ("out.mp4", "out.webm"):
        jobs = plan([str(tmp_path / "odd.webm")], str(tmp_path / name))
        (result,) = run_jobs(jobs, unchanged, options)
        assert result.size == ((62, 48) if name == "out.mp4" else (61, 47))
    (note,) = notes
    assert note.startswith("62 x 48, as H.264 has even sizes")


def test_what_a_video_holds_besides_is_told(tmp_path: Path) -> None:
    """One of two videos is converted, and the transparency of a WebM, in a layer of its own, is not."""
    with av.open(str(tmp_path / "two.webm"), "w") as container:
        streams: list[Any] = [container.add_stream("libvpx-vp9", rate=25) for _ in range(2)]
        for stream, kind in zip(streams, ("yuva420p", "yuv420p"), strict=True):
            stream.width, stream.height, stream.pix_fmt = 64, 48, kind
        for pixels in film(3):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=stream.pix_fmt)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    notes: list[str] = []
    options = Options(on_note=lambda job, text: notes.append(text))
    jobs = plan([str(tmp_path / "two.webm")], str(tmp_path / "out.mkv"))
    (result,) = run_jobs(jobs, unchanged, options)
    assert result.error is None
    assert notes == ["left out: its transparency, a second video"]


def test_strength_and_progress(album: Path, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []

    def tell(job: Job, done: int, total: int | None) -> None:
        assert job.source is not None
        told.append((job.source.name, done, total))

    jobs = plan([str(album)], str(tmp_path / "out"))
    results = list(run_jobs(jobs, lambda photos, domain: invert(photos), Options(strength=0.0, on_progress=tell)))
    assert [result.error for result in results] == [None] * 3
    assert ("c.mp4", 6, 6) in told
    assert ("b.gif", 4, 4) in told
    for found, expected in zip(frames_of(tmp_path / "out" / "c.mp4"), frames_of(album / "c.mp4"), strict=True):
        assert np.abs(found.astype(int) - expected).mean() < 4  # it was encoded again
    assert all(result.stages["translate"] > 0 for result in results)


def test_frames_are_drawn_at_the_working_size(album: Path, tmp_path: Path) -> None:
    """Of videos and animations, which keep their size."""
    sizes: set[tuple[int, ...]] = set()

    def translate(photos: np.ndarray, domain: Domain) -> np.ndarray:
        sizes.add(photos.shape[1:3])
        return photos

    jobs = plan([str(album)], str(tmp_path / "out"))
    results = list(run_jobs(jobs, translate, Options(working_size=32)))
    assert [(result.error, result.size) for result in results] == [(None, (30, 21)), (None, (40, 30)), (None, (64, 48))]
    assert sizes == {(21, 30), (24, 32)}  # the video and the animation have the same proportions
    for found, expected in zip(frames_of(tmp_path / "out" / "c.mp4"), frames_of(album / "c.mp4"), strict=True):
        assert found.shape == expected.shape
        assert np.abs(found.astype(int) - expected).mean() < 25  # the same scene


@pytest.mark.parametrize(("detail", "resumed"), [(64, 4), (32, 0), (0, 0)])
def test_a_video_is_resumed_only_at_the_same_working_size(
    tmp_path: Path, detail: int, resumed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from translate.media.video import convert as video

    monkeypatch.setattr(video, "SEGMENT_SECONDS", 4 / 25)
    monkeypatch.setattr(video, "LARGEST_BATCH", 1)
    write_video(tmp_path / "in.mp4", film(12))
    job = Job(source=tmp_path / "in.mp4", output=tmp_path / "out.mp4", format=None, kind="video")
    calls = 0

    def stopping(photos: np.ndarray, domain: Domain) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls == 7:
            raise UnusableError("stopped")
        return photos

    with pytest.raises(UnusableError):
        list(run_jobs([job], stopping, Options(working_size=64)))
    done: list[int] = []
    options = Options(working_size=detail, on_progress=lambda job, count, total: done.append(count))
    assert [result.error for result in run_jobs([job], lambda photos, domain: photos, options)] == [None]
    assert done[0] == resumed


def test_what_a_video_lacks_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from translate.media.video import convert as video
    from translate.media.video.mux import Unfit

    write_video(tmp_path / "in.mp4", film(3))
    whole = video.convert_video

    def lacking(*given: object, **options: object) -> video.VideoResult:
        result = whole(*given, **options)  # type: ignore[arg-type]
        return video.VideoResult(
            size=result.size, frames=result.frames, resumed=0, padded=False, unfit=Unfit(["wmav2"], ["ass"])
        )

    monkeypatch.setattr(video, "convert_video", lacking)
    notes: list[str] = []
    job = Job(source=tmp_path / "in.mp4", output=tmp_path / "out.mp4", format=None, kind="video")
    list(run_jobs([job], lambda photos, domain: photos, Options(on_note=lambda job, text: notes.append(text))))
    assert notes == ["sound stored as FLAC, as .mp4 cannot hold wmav2", "subtitles left out, as .mp4 cannot hold ass"]


def test_without_the_library_the_command_ends(album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    jobs = plan([str(album / "c.mp4")], str(tmp_path / "out.mp4"))
    with pytest.raises(UnusableError, match=r"videos need PyAV: pip install 'picture-translate\[video\]'"):
        list(run_jobs(jobs, lambda photos, domain: photos, Options()))
