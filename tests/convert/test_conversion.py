"""Converting a folder from Python: requests, results, and stopping early."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo, files_below
from translate import ConvertRequest, api, convert_files
from translate.convert.conversion import plan_only, prepare
from translate.convert.options import Options
from translate.convert.targets import chosen_domain
from translate.errors import UnusableError, UserError
from translate.media.images import load_rgb
from translate.style.translator import Translator


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    for name in ("one.png", "sub/two.png"):
        Image.fromarray(draw_photo(24, 18)).save(folder / name)
    return folder


def test_the_documented_example_converts_a_folder(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert api.__doc__ is not None
    example = api.__doc__.partition("as `translate convert` does:\n")[2].partition("Pictures from noise:")[0].strip()
    assert len([line for line in example.splitlines() if line]) <= 5
    monkeypatch.chdir(tmp_path)
    exec(example, {})
    assert capsys.readouterr().out == "photos/one.png drawn/one.png\nphotos/sub/two.png drawn/sub/two.png\n"
    assert files_below(tmp_path / "drawn") == {"one.png", "sub/two.png"}
    assert (load_rgb(tmp_path / "drawn" / "one.png") != draw_photo(24, 18)).any()


def test_paths_work_like_text(photos: Path, tmp_path: Path, tiny_style: Path) -> None:
    request = ConvertRequest(inputs=[photos], output=tmp_path / "out", style=tiny_style, suffix="-drawn", format="bmp")
    (result,) = convert_files(request)
    assert result.output == tmp_path / "out" / "one-drawn.bmp" and result.error is None and result.size == (24, 18)


def test_a_single_photo_is_converted_beside_itself(photo: Path, season_style: Path) -> None:
    (result,) = convert_files(ConvertRequest(inputs=[photo], style=season_style, domain=["late summer"]))
    assert result.output == photo.with_name("photo-season_late_summer.jpg") and photo.with_name(result.output.name)


def test_a_failure_is_a_result_and_the_rest_is_converted(photos: Path, tmp_path: Path, tiny_style: Path) -> None:
    (photos / "cut.png").write_bytes((photos / "one.png").read_bytes()[:200])
    results = list(convert_files(ConvertRequest(inputs=[photos], output=tmp_path / "out", style=tiny_style)))
    assert [result.error is None for result in results] == [False, True]
    assert results[0].error is not None and "cut.png" in results[0].error


def test_closing_cancels(photos: Path, tmp_path: Path, tiny_style: Path) -> None:
    for number in range(60):
        Image.fromarray(draw_photo(200, 150)).save(photos / f"more{number:02}.png")
    request = ConvertRequest(inputs=[photos], output=tmp_path / "out", style=tiny_style, workers=1)
    results = convert_files(request)
    next(results)
    results.close()  # type: ignore[attr-defined]
    written = files_below(tmp_path / "out")
    assert 1 <= len(written) < 60
    assert all(load_rgb(tmp_path / "out" / name).size for name in written)


def test_the_style_is_opened_once(
    photos: Path, tmp_path: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []
    begin = Translator.__init__

    def counted(self: Translator, path: Path, **settings: object) -> None:
        opened.append(path)
        begin(self, path, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Translator, "__init__", counted)
    conversion = prepare(ConvertRequest(inputs=[photos / "*.png"], output=tmp_path / "out", style=tiny_style))
    assert [len(list(conversion.run())) for _ in range(2)] == [1, 1]
    assert opened == [tiny_style]


def test_listeners_are_called_and_replaced() -> None:
    heard: list[object] = []
    options = Options().with_listeners(lambda *progress: heard.append(progress), lambda *note: heard.append(note))
    job = plan_only  # any object will do
    options.on_progress(job, 1, 2)  # type: ignore[arg-type]
    options.on_note(job, "no sound")  # type: ignore[arg-type]
    options.with_listeners().on_note(job, "nobody hears")  # type: ignore[arg-type]
    assert heard == [(job, 1, 2), (job, "no sound")]


def test_bad_requests_are_refused_before_anything_is_written(photos: Path, tmp_path: Path, tiny_style: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UserError, match="missing"):
        convert_files(ConvertRequest(inputs=[photos], style=tiny_style))
    with pytest.raises(UserError, match="no domains"):
        plan_only(ConvertRequest(inputs=[photos], output=out, style=tiny_style, all_domains=True))
    with pytest.raises(UnusableError, match=r"nothing\.onnx"):
        convert_files(ConvertRequest(inputs=[photos], output=out, style="nothing.onnx"))
    assert not out.exists()


def test_planning_alone_writes_nothing(photos: Path, tmp_path: Path, season_style: Path) -> None:
    jobs = plan_only(ConvertRequest(inputs=[photos], output=tmp_path / "out", style=season_style, all_domains=True))
    assert [job.domain for job in jobs] == [("spring",), ("late summer",), ("autumn",)]
    assert not (tmp_path / "out").exists()


def test_an_empty_name_stands_for_no_attribute() -> None:
    assert chosen_domain(["smiling", "blond"]) == ("smiling", "blond")
    assert chosen_domain([""]) == ()
    assert chosen_domain([]) is None and chosen_domain(None) is None
