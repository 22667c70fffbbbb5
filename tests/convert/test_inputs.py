"""Which files of folders and patterns are converted, and what is said of the others."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image, ImageFile

from tests.helpers.pictures import unchanged
from translate.convert.inputs import MAX_KINDS, Search, find_all
from translate.convert.options import Options
from translate.convert.pipeline import run_jobs
from translate.convert.planning import plan
from translate.errors import UserError, render
from translate.media.exif import exif_of_result
from translate.media.mark import Action, mark

SIZE = (16, 12)
HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)


def picture(path: Path, format: str, **options: object) -> None:
    Image.new("RGB", SIZE, "red").save(path, format, **options)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A folder with pictures of many kinds, a video, and files that are neither."""
    folder = tmp_path / "album"
    folder.mkdir()
    picture(folder / "scan.jp2", "JPEG2000")
    picture(folder / "drawn.ppm", "PPM")
    others = [Image.new("RGB", SIZE, colour) for colour in ("green", "blue")]
    picture(folder / "stereo.mpo", "MPO", save_all=True, append_images=others)
    picture(folder / "moving.apng", "PNG", save_all=True, append_images=others)
    picture(folder / "burst.avifs", "AVIF", save_all=True, append_images=others)
    picture(folder / "no suffix", "JPEG")
    picture(folder / "photo.jpg.bak", "JPEG")
    (folder / "film.ts").write_bytes((b"\x47" + bytes(187)) * 8)
    (folder / "code.ts").write_text("export const answer = 42;\n" * 60)
    (folder / "phone.heic").write_bytes(HEIC)
    (folder / "notes.txt").write_text("P1 of our journey\n")
    return folder


def found(folder: Path, output: Path, **options: object) -> tuple[list[str], list[str]]:
    """The names of the files to convert, and the remarks."""
    remarks: list[str] = []
    search = Search(recursive=False, on_remark=remarks.append, **options)  # type: ignore[arg-type]
    return [one.source.name for one in find_all([str(folder)], output, search)], [render(one) for one in remarks]


def test_every_readable_picture_of_a_folder_is_taken_and_the_rest_is_named(album: Path, tmp_path: Path) -> None:
    names, remarks = found(album, tmp_path / "out")
    assert names == [
        *("burst.avifs", "drawn.ppm", "film.ts", "moving.apng"),
        *("no suffix", "photo.jpg.bak", "scan.jp2", "stereo.mpo"),
    ]
    assert remarks == [
        f"{album}: holds files that are left out: 1 .heic, 1 .ts, 1 .txt "
        "(pip install 'picture-translate[heif]' reads HEIF)"
    ]
    assert found(album / "*", tmp_path / "out")[0] == names


def test_what_is_taken_by_its_content_is_converted(album: Path, tmp_path: Path) -> None:
    pictures = [path for path in sorted(album.iterdir()) if path.suffix in ("", ".bak", ".jp2", ".mpo", ".ppm")]
    jobs = plan([str(path) for path in pictures], str(tmp_path / "out"))
    results = list(run_jobs(jobs, unchanged, Options()))
    assert [result.error for result in results] == [None] * len(pictures) == [None] * 5


def test_heic_is_read_where_pillow_heif_is_installed(
    album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Photo(ImageFile.ImageFile):
        format = "HEIF"

        def _open(self) -> None:
            self._mode, self._size = "RGB", SIZE

        def load(self) -> None:
            self.im = Image.new("RGB", SIZE, "red").im

    def register() -> None:
        Image.register_open("HEIF", Photo)

    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    (job,) = plan([str(album / "phone.heic")], f"{tmp_path / 'out'}/")
    (result,) = run_jobs([job], unchanged, Options())
    assert "phone.heic: a HEIF picture; pip install 'picture-translate[heif]' reads it" in str(result.error)

    monkeypatch.setitem(sys.modules, "pillow_heif", SimpleNamespace(register_heif_opener=register))
    names, remarks = found(album, tmp_path / "out")
    assert "phone.heic" in names and ".heic" not in remarks[0]
    (job,) = plan([str(album / "phone.heic")], f"{tmp_path / 'out'}/")
    (result,) = run_jobs([job], unchanged, Options())
    assert result.error is None and result.output == tmp_path / "out" / "phone.jpg"


def test_kinds_that_are_left_out_are_counted_up_to_a_number(tmp_path: Path) -> None:
    picture(tmp_path / "photo.jpg", "JPEG")
    for number in range(MAX_KINDS + 3):
        (tmp_path / f"a.{number:02}").write_text("text")
    (tmp_path / "b.07").write_text("text")
    _, (remark,) = found(tmp_path, tmp_path / "out")
    assert "2 .07, 1 .00" in remark and remark.endswith("1 .06, 3 of other kinds")


def test_a_folder_of_other_files_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "phone.heic").write_bytes(HEIC)
    with pytest.raises(UserError, match=r"holds no picture or video .*, only 1 \.heic \(pip install"):
        found(tmp_path, tmp_path / "out")


def write_result(path: Path, action: Action, format: str) -> None:
    exif = exif_of_result(None, SIZE, mark(action))
    comment = {"comment": mark(action)} if format == "GIF" else {}
    picture(path, format, **comment if format == "GIF" else {"exif": exif})


def test_results_of_this_program_are_passed_over_in_folders(tmp_path: Path) -> None:
    for format in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF"):
        write_result(tmp_path / f"drawn.{format.lower()}", "convert", format)
    write_result(tmp_path / "large.png", "upscale", "PNG")
    picture(tmp_path / "photo.jpg", "JPEG")
    names, remarks = found(tmp_path, tmp_path / "out", pass_over=("convert", "upscale"))
    assert names == ["photo.jpg"]
    assert remarks == [f"{tmp_path}: holds files that are left out: 7 made by this program; again takes those too"]
    names, remarks = found(tmp_path, tmp_path / "out", pass_over=("upscale",))
    assert len(names) == 7 and "large.png" not in names and "1 made by" in remarks[0]
    assert found(tmp_path, tmp_path / "out") == ([*sorted(path.name for path in tmp_path.iterdir())], [])
    assert [one.source.name for one in find_all([str(tmp_path / "drawn.png")], tmp_path, Search(recursive=False))]
    (tmp_path / "photo.jpg").unlink()
    with pytest.raises(UserError, match="only 7 made by this program; again takes those too"):
        found(tmp_path, tmp_path / "out", pass_over=("convert", "upscale"))
