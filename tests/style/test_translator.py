"""One ONNX file as a callable: the contract, tiles, domains."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

from tests.helpers.pictures import draw_photo
from tests.helpers.styles import REACH, style_info, write_style
from translate.commands.terminal import quiet_onnxruntime
from translate.errors import ExitCode, PictureError, UnusableError, UserError
from translate.style import devices
from translate.style import translator as inference
from translate.style.binding import Condition
from translate.style.devices import cuda_obstacle
from translate.style.session import read_style
from translate.style.tiles import spans
from translate.style.translator import Translator, open_style

SEASONS = style_info(domains=["spring", "autumn"])
ODD = draw_photo(203, 151)[np.newaxis]


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (7, 3), (64, 64), (203, 151)])
def test_keeps_shape_and_type(tiny_style: Path, size: tuple[int, int]) -> None:
    images = np.stack([draw_photo(*size), 255 - draw_photo(*size)])
    result = Translator(tiny_style, device="cpu")(images)
    assert result.shape == images.shape
    assert result.dtype == np.uint8


def test_batch_equals_one_by_one(tiny_style: Path) -> None:
    translator = Translator(tiny_style, device="cpu")
    images = np.concatenate([ODD, 255 - ODD])
    both = translator(images).astype(int)
    for index in range(2):
        assert np.abs(both[index] - translator(images[index : index + 1])[0]).max() <= 1


@pytest.mark.parametrize("side", [1, 16, 31, 64, 150, 500])
def test_tiles_equal_the_whole(tiny_style: Path, side: int) -> None:
    whole = Translator(tiny_style, device="cpu", tile=0)(ODD)
    tiled = Translator(tiny_style, device="cpu", tile=side)(ODD)
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert whole.std() > 20  # there is something to get wrong


def test_tiles_need_their_halo(tmp_path: Path, tiny_style: Path) -> None:
    """The test above would notice: with too small a receptive field in the metadata, tiles differ."""
    lying = write_style(tmp_path / "lying.onnx", info=style_info(receptive_field=1))
    whole = Translator(tiny_style, device="cpu", tile=0)(ODD)
    assert np.abs(whole.astype(int) - Translator(lying, device="cpu", tile=64)(ODD)).max() > 3


@pytest.fixture
def enlarging_style(tmp_path: Path) -> Path:
    """The tiny style with each pixel repeated three times along both axes."""
    return write_style(tmp_path / "enlarging.onnx", info=style_info(scale=3))


@pytest.mark.parametrize("side", [0, 1, 31, 64, 500])
def test_a_style_may_enlarge(tiny_style: Path, enlarging_style: Path, side: int) -> None:
    expected = Translator(tiny_style, device="cpu", tile=0)(ODD).repeat(3, axis=1).repeat(3, axis=2)
    result = Translator(enlarging_style, device="cpu", tile=side)(ODD)
    assert result.shape == (1, 453, 609, 3)
    assert np.abs(expected.astype(int) - result).max() <= 1


def test_a_style_that_enlarges_is_no_look_to_open(enlarging_style: Path) -> None:
    with pytest.raises(UserError, match="'Tiny' enlarges pictures; use it with `translate upscale"):
        open_style(str(enlarging_style), device="cpu")


def test_strips_of_an_enlarged_picture(enlarging_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "STRIP", 40)
    translator = Translator(enlarging_style, device="cpu", tile=0)
    result, written = np.zeros((453, 609, 3), np.uint8), []

    def write(top: int, rows: np.ndarray) -> None:
        written.append(top)
        result[top : top + len(rows)] = rows

    translator.in_strips(lambda top, bottom: ODD[0, top:bottom], write, (203, 151))
    assert written == [0, 114, 228, 342]
    assert np.abs(result.astype(int) - translator(ODD)[0]).max() <= 1


def test_tiles_are_measured_in_the_result(enlarging_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "AUTO_TILE_FROM", 300 * 300)
    monkeypatch.setattr(inference, "AUTO_TILE", 96)
    translator = Translator(enlarging_style, device="cpu")
    sizes = sizes_of_runs(translator, monkeypatch)
    translator(draw_photo(100, 100)[np.newaxis])
    assert sizes == [(100, 100)]
    translator(draw_photo(110, 100)[np.newaxis])
    assert len(sizes) > 1 and max(max(size) for size in sizes[1:]) <= 32 + 2 * translator.info.halo


def test_a_result_of_another_size_than_the_metadata_say_is_refused(tmp_path: Path) -> None:
    metadata = style_info(scale=2).to_metadata()
    lying = write_style(tmp_path / "lying.onnx", info=style_info(scale=3), metadata=metadata)
    with pytest.raises(UnusableError, match=r"returns uint8 \(1, 453, 609, 3\) .* not uint8 \(1, 302, 406, 3\)"):
        Translator(lying, device="cpu")(ODD)


def test_reach_of_the_tiny_style(tiny_style: Path) -> None:
    """Its metadata is right: a changed pixel affects pixels exactly up to that distance."""
    photo = draw_photo(64, 64)[np.newaxis]
    changed = photo.copy()
    changed[:, 30, 30] = 255 - changed[:, 30, 30]
    translator = Translator(tiny_style, device="cpu")
    _, rows, columns, _ = np.nonzero(translator(photo) != translator(changed))
    distances = np.abs(np.concatenate([rows, columns]) - 30)
    assert REACH - 1 <= distances.max() <= REACH


@pytest.mark.parametrize(
    ("length", "side", "stride", "halo"), [(1, 64, 4, 8), (64, 64, 4, 8), (65, 64, 4, 8), (1001, 130, 8, 16)]
)
def test_spans_cover_each_pixel_once_on_the_stride_grid(length: int, side: int, stride: int, halo: int) -> None:
    pieces = list(spans(length, side, stride, halo))
    assert [pixel for span in pieces for pixel in range(length)[span.core]] == list(range(length))
    for span in pieces:
        assert span.core.stop - span.core.start <= -(-side // stride) * stride
        assert span.outer.start % stride == 0
        assert span.outer.stop % stride == 0 or span.outer.stop == length
        assert span.outer.start == max(0, span.core.start - halo)
        assert span.outer.stop == min(length, span.core.stop + halo)


def sizes_of_runs(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Records the width and height of everything that goes through the network from now on."""
    sizes = []
    run = translator._run_whole

    def record(images: np.ndarray, condition: Condition) -> np.ndarray:
        sizes.append((images.shape[2], images.shape[1]))
        return run(images, condition)

    monkeypatch.setattr(translator, "_run_whole", record)
    return sizes


def test_large_pictures_are_cut_automatically(tiny_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "AUTO_TILE_FROM", 100 * 100)
    monkeypatch.setattr(inference, "AUTO_TILE", 64)
    translator = Translator(tiny_style, device="cpu")
    sizes = sizes_of_runs(translator, monkeypatch)
    translator(draw_photo(100, 100)[np.newaxis])
    assert sizes == [(100, 100)]
    translator(ODD)
    assert len(sizes) == 1 + 4 * 3
    assert max(max(size) for size in sizes[1:]) <= 64 + 2 * translator.info.halo


def test_a_style_that_looks_at_the_whole_picture_is_never_cut(
    whole_style: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "AUTO_TILE_FROM", 100)
    translator = Translator(whole_style, device="cpu")
    sizes = sizes_of_runs(translator, monkeypatch)
    translator(ODD)
    assert sizes == [(203, 151)]
    with pytest.raises(UserError, match=r"tile 64: 'Tiny' looks at the whole picture") as error:
        Translator(whole_style, device="cpu", tile=64)
    assert error.value.exit_code == ExitCode.USAGE


def short_of_memory(translator: Translator, monkeypatch: pytest.MonkeyPatch, pixels: int) -> None:
    """Let the session fail for pictures of more than ``pixels``, as onnxruntime does."""
    run = translator._session.run

    class Session:
        @staticmethod
        def run(outputs: list[str], inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
            if inputs["image"].size > 3 * pixels:
                raise RuntimeException("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory")
            return run(outputs, inputs)

    monkeypatch.setattr(translator, "_session", Session)


def test_smaller_tiles_where_memory_is_short(tiny_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = draw_photo(403, 351)[np.newaxis]
    translator = Translator(tiny_style, device="cpu")
    whole = translator(photo)
    short_of_memory(translator, monkeypatch, pixels=250 * 250)
    assert np.abs(whole.astype(int) - translator(photo)).max() <= 1
    sizes = sizes_of_runs(translator, monkeypatch)
    translator(photo)
    assert max(max(size) for size in sizes) <= 201 + 1 + 2 * translator.info.halo  # it does not retry what failed


@pytest.mark.parametrize("style", ["tiny_style", "whole_style"])
def test_too_little_memory_for_any_tile(
    style: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    translator = Translator(request.getfixturevalue(style), device="cpu")
    short_of_memory(translator, monkeypatch, pixels=10)
    with pytest.raises(PictureError, match=r"203 x 151 .* on cpu: Failed to allocate memory; try max_size"):
        translator(ODD)


@pytest.mark.parametrize("mistake", [RuntimeError, ValueError])
def test_a_mistake_of_ours_is_not_blamed_on_the_picture(
    tiny_style: Path, monkeypatch: pytest.MonkeyPatch, mistake: type[Exception]
) -> None:
    def broken(*given: object) -> None:
        raise mistake("a mistake of ours")

    translator = Translator(tiny_style, device="cpu", tile=64)
    monkeypatch.setattr(inference, "spans", broken)
    with pytest.raises(mistake, match="a mistake of ours") as raised:
        translator(ODD)
    assert raised.type is mistake


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"", "cannot be loaded"), (b"\x01 no protobuf " * 40, "cannot be loaded"), (None, "no such style file")],
)
def test_a_file_that_is_not_onnx(tmp_path: Path, content: bytes | None, problem: str) -> None:
    path = tmp_path / "style.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnusableError, match=problem) as error:
        Translator(path, device="cpu")
    assert str(path) in str(error.value)
    assert error.value.exit_code == ExitCode.UNUSABLE


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"metadata": {}}, "no 'contract' in its metadata"),
        ({"metadata": {**style_info().to_metadata(), "contract": "9"}}, "contract version 9"),
        ({"metadata": {**style_info().to_metadata(), "stride": "two"}}, "not a style of this program"),
        ({"input_name": "x"}, "nothing is named 'image'"),
        ({"extra_input": True}, "also needs domain"),
        ({"metadata": style_info(domains=["day", "night"]).to_metadata()}, "nothing is named 'domain'"),
        (
            {"info": SEASONS, "metadata": replace(SEASONS, exclusive=False).to_metadata()},
            r"'domain' is tensor\(int64\) \['N'\], not float \[any, 2\]",
        ),
    ],
)
def test_a_file_without_the_contract(tmp_path: Path, options: dict, problem: str) -> None:
    path = write_style(tmp_path / "style.onnx", **options)
    with pytest.raises(UnusableError, match=problem) as error:
        Translator(path, device="cpu")
    assert str(path) in str(error.value)


def test_a_domain_by_name(season_style: Path) -> None:
    translator = Translator(season_style, device="cpu")
    images = np.concatenate([ODD, 255 - ODD])
    results = np.stack([translator(images, domain=name) for name in translator.info.domains])  # [K, N, H, W, 3]
    for channel in range(3):  # each domain of the tiny style raises a different channel
        raised, others = results[channel, ..., channel], np.delete(results[..., channel], channel, axis=0)
        np.testing.assert_array_equal(others[0], others[1])
        assert (raised >= others[0]).all()
        assert raised.mean() > others[0].mean() + 5
    np.testing.assert_array_equal(translator(images, domain=["autumn"]), results[2])


def test_named_attributes_are_set(face_style: Path) -> None:
    translator = Translator(face_style, device="cpu")
    none = translator(ODD, domain=()).astype(int)
    blond, both = translator(ODD, domain="blond"), translator(ODD, domain=["glasses", "blond"])
    assert [bool(channel.any()) for channel in np.moveaxis(blond - none, -1, 0)] == [False, True, False]
    assert [bool(channel.any()) for channel in np.moveaxis(both - none, -1, 0)] == [False, True, True]


@pytest.mark.parametrize(("style", "domain"), [("season_style", "autumn"), ("face_style", ("smiling", "blond"))])
def test_tiles_of_a_style_with_domains(
    style: str, domain: str | tuple[str, ...], request: pytest.FixtureRequest
) -> None:
    path = request.getfixturevalue(style)
    whole = Translator(path, device="cpu", tile=0)(ODD, domain)
    tiled = Translator(path, device="cpu", tile=31)(ODD, domain)
    assert np.abs(whole.astype(int) - tiled).max() <= 1


def test_domains_that_do_not_suit_the_style(tiny_style: Path, season_style: Path) -> None:
    with pytest.raises(UserError, match="domain autumn: 'Tiny' has no domains"):
        Translator(tiny_style, device="cpu")(ODD, domain="autumn")
    translator = Translator(season_style, device="cpu")
    with pytest.raises(UserError, match="it knows spring, late summer, autumn"):
        translator(ODD)
    with pytest.raises(UserError, match="domain winter: 'Tiny' knows spring, late summer, autumn") as error:
        translator(ODD, domain="winter")
    assert error.value.exit_code == ExitCode.USAGE


def test_reading_a_style_gives_its_metadata(season_style: Path) -> None:
    assert read_style(season_style) == Translator(season_style, device="cpu").info
    with pytest.raises(UnusableError, match="no such style file"):
        read_style(season_style.with_name("none.onnx"))


@pytest.mark.skipif(cuda_obstacle() is None, reason="needs a machine where CUDA does not start")
def test_cuda_that_seems_usable_but_does_not_start(
    tiny_style: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    quiet_onnxruntime()  # as every command does
    monkeypatch.setattr(devices, "cuda_obstacle", lambda number=0: None)
    with pytest.raises(UnusableError, match="device cuda: onnxruntime could not start CUDA"):
        Translator(tiny_style, device="cuda")
    translator = Translator(tiny_style, device="auto")
    assert (translator.device, translator.why_cpu) == ("cpu", "onnxruntime could not start CUDA")
    assert translator(ODD).shape == ODD.shape
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_converting_imports_no_torch_and_prints_nothing(tiny_style: Path, device: str) -> None:
    program = (
        "import sys; from pathlib import Path; import numpy as np; import translate.convert.pipeline;"
        "from translate.style.translator import Translator;"
        f"Translator(Path({str(tiny_style)!r}), device={device!r})(np.zeros((1, 9, 9, 3), np.uint8));"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_divided_cores_give_the_same_pictures(tiny_style: Path) -> None:
    translator = Translator(tiny_style, device="cpu", threads=5)
    whole = translator(ODD)
    assert [translator.divide_cores(pictures) for pictures in (0, 1, 3, 100)] == [1, 1, 3, inference.MAX_WORKERS]
    assert np.array_equal(translator(ODD), whole)
    assert translator._session.get_session_options().intra_op_num_threads == 1
    assert translator.divide_cores(2) == 2
    assert translator._session.get_session_options().intra_op_num_threads == 2
