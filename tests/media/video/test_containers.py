"""Only the video file itself is read: neither playlists nor names that look like protocols lead anywhere else."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest

from tests.media.video.test_convert import film, frames_of, invert, write_video
from translate.errors import PictureError
from translate.media.video.containers import container_format
from translate.media.video.convert import convert_video

SECONDS = Fraction(1, 25)
PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile secret.mp4\n",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n",
    "dash": '<?xml version="1.0"?><MPD><BaseURL>secret.mp4</BaseURL></MPD>',
    "sdp": "v=0\nm=video 5004 RTP/AVP 96\n",
    "rtsp": "rtsptextRTSP://127.0.0.1/x\n",
    "pictures": "secret%d.png\n",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_is_no_video(tmp_path: Path, kind: str) -> None:
    write_video(tmp_path / "secret.mp4", film(3))
    write_video(tmp_path / "secret.ts", film(3))
    source = tmp_path / "list.mp4"
    source.write_text(PLAYLISTS[kind])
    with pytest.raises(PictureError, match=r"list\.mp4: .*no video that this program reads"):
        convert_video(source, tmp_path / "out.mp4", invert)


@pytest.mark.skipif(os.name == "nt", reason="such names do not exist there")
@pytest.mark.parametrize("name", ["http:", "concat:", "pipe:", "file:", "a:b"])
def test_a_folder_named_like_a_protocol(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_video(tmp_path / "in.mp4", film(3))
    Path(name).mkdir()
    (Path(name) / "in.mp4").write_bytes(Path("in.mp4").read_bytes())
    convert_video(Path(name, "in.mp4"), Path(name, "out.mp4"), invert)
    assert len(frames_of(Path(name, "out.mp4"))) == 3


@pytest.mark.parametrize(
    ("suffix", "codec", "demuxer"),
    [
        (".mp4", "libx264", "mov"),
        (".m4v", "libx264", "mov"),
        (".mov", "libx264", "mov"),
        (".3gp", "mpeg4", "mov"),
        (".mkv", "libx264", "matroska"),
        (".webm", "libvpx-vp9", "matroska"),
        (".avi", "mpeg4", "avi"),
        (".mpg", "mpeg2video", "mpeg"),
        (".mts", "libx264", "mpegts"),
        (".flv", "libx264", "flv"),
        (".wmv", "msmpeg4v3", "asf"),
        (".ogv", "libvpx", "ogg"),
    ],
)
def test_containers_are_known_by_their_content(tmp_path: Path, suffix: str, codec: str, demuxer: str) -> None:
    written = write_video(tmp_path / f"in{suffix}", film(20), codec=codec, time_base=SECONDS, options={})
    disguised = written.rename(tmp_path / "in.bin")
    assert container_format(disguised) == demuxer
    assert len(frames_of(disguised)) == 20


@pytest.mark.parametrize("size", [188, 192, 204])
@pytest.mark.parametrize("start", [0, 100])
def test_transport_streams_of_any_packet_size(tmp_path: Path, size: int, start: int) -> None:
    before = b"\0" * (size - 188 if size == 192 else 0)
    packet = before + b"\x47" + bytes(size - 1 - len(before))
    (tmp_path / "in.mts").write_bytes((packet * 8)[start:])
    assert container_format(tmp_path / "in.mts") == "mpegts"
