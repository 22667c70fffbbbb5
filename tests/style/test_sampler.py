"""Samplers: from seeds to pictures, and files that are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.samplers import CONDITIONS, SIZE, Z_DIM, sampler_info, write_sampler
from translate import load_sampler
from translate.errors import UnusableError, UserError
from translate.style import catalogue
from translate.style import sampler as sampler_module
from translate.style.conditions import ConditionInfo
from translate.style.latents import noise
from translate.style.sampler import Sampler
from translate.style.session import read_style


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sampler(tmp_path_factory.mktemp("samplers") / "flat.onnx")


def expected(seed: int) -> list[int]:
    """The colour that the helper's sampler makes of a seed."""
    return np.rint(128 + 20 * noise([seed], Z_DIM)[0]).astype(int).tolist()


def test_a_seed_gives_its_picture(flat: Path) -> None:
    sampler = load_sampler(flat, device="cpu")
    picture = sampler(seed=3)
    assert (picture.mode, picture.size) == ("RGB", (SIZE, SIZE))
    assert (np.array(picture) == expected(3)).all()
    assert (sampler.info, sampler.device, repr(sampler)) == (sampler_info(), "cpu", "<Sampler 'Flat' on cpu>")


@pytest.mark.parametrize("cores", [1, 3, 64])
def test_pictures_depend_on_neither_batch_nor_cores(flat: Path, monkeypatch: pytest.MonkeyPatch, cores: int) -> None:
    monkeypatch.setattr(sampler_module, "usable_cores", lambda: cores)
    sampler = Sampler(flat, device="cpu")
    pictures = sampler.pictures(range(40))  # more than one pass
    assert pictures.shape == (40, SIZE, SIZE, 3)
    assert [picture[0, 0].tolist() for picture in pictures] == [expected(seed) for seed in range(40)]
    assert sampler.pictures([]).shape == (0, SIZE, SIZE, 3)


def test_truncation_makes_pictures_more_alike(flat: Path) -> None:
    sampler = Sampler(flat, device="cpu")
    plain, typical = (sampler.pictures(range(40), truncation=truncation) for truncation in (None, 0.5))
    assert typical.std() < 0.5 * plain.std()
    with pytest.raises(UserError, match="seed -1: has to be from 0"):
        sampler(seed=-1)


def test_a_style_is_no_sampler_and_a_sampler_no_style(flat: Path, tiny_style: Path) -> None:
    with pytest.raises(UnusableError, match=r"not a sampler of this program: it is a style.*`translate convert`"):
        load_sampler(tiny_style)
    with pytest.raises(UnusableError, match=r"makes pictures from noise and translates none; use `translate sample"):
        read_style(flat)


def test_a_condition_is_given_as_text_or_row(flat: Path, tmp_path: Path) -> None:
    info = sampler_info(condition=CONDITIONS.to_json())
    sampler = load_sampler(write_sampler(tmp_path / "conditional.onnx", info=info), device="cpu")
    assert sampler.info.conditions == CONDITIONS
    row = np.array([2, 0, -1], np.float32)
    wanted = np.rint(128 + 20 * (noise([3], Z_DIM)[0] + row)).astype(int).tolist()
    assert (np.array(sampler(seed=3, condition="red=2, blue=-1")) == wanted).all()
    assert (sampler.conditioned(noise([3, 3], Z_DIM), row) == wanted).all()
    with pytest.raises(UserError, match="condition: 'Flat' needs one: its attributes are red, green, blue"):
        sampler(seed=3)
    with pytest.raises(UserError, match=r"strength 2: 'Flat' was not trained for it; train with drop_condition 0\.1"):
        sampler(condition="red", strength=2)
    with pytest.raises(UserError, match=r"condition: is \[2\], not \[3\]"):
        sampler(condition=row[:2])
    with pytest.raises(UserError, match="condition: 'Flat' takes no condition; leave it out"):
        load_sampler(flat, device="cpu")(condition="red")


def test_a_condition_may_be_a_file(tmp_path: Path) -> None:
    vectors = ConditionInfo(kind="embeddings", shape=[3], names=[], usual=[])
    info = sampler_info(condition=vectors.to_json())
    sampler = load_sampler(write_sampler(tmp_path / "conditional.onnx", info=info), device="cpu")
    np.savez(tmp_path / "one.npz", mine=np.array([2, 0, -1], np.float32))
    row = np.array([2, 0, -1], np.float32)
    assert sampler(seed=3, condition=str(tmp_path / "one.npz")) == sampler(seed=3, condition=row)
    with pytest.raises(UserError, match=r"no\.npz"):
        sampler(condition=str(tmp_path / "no.npz"))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"z_dim": 4}, r"'z' is tensor\(float\) \['N', 3\], not float \[any, 4\]"),
        ({"size": 16}, "'image_out' is tensor"),
        ({"size": 10_000}, "size is 10000, not 1 to 4096"),
        ({"z_dim": 0}, "z_dim is 0, not 1 to 65536"),
        ({"condition": "red"}, "its condition is 'red'"),
        ({"condition": replace(CONDITIONS, optional=True).to_json()}, "nothing is named 'strength'"),
    ],
)
def test_metadata_that_do_not_fit_are_refused(changes: dict[str, object], problem: str, tmp_path: Path) -> None:
    path = write_sampler(tmp_path / "wrong.onnx", info=sampler_info(**changes))
    with pytest.raises(UnusableError, match=problem):
        Sampler(path)


def test_shipped_samplers_are_found_by_name(flat: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(catalogue, "FOLDERS", (tmp_path,))
    with pytest.raises(UnusableError, match="flat: neither a file nor a shipped sampler; shipped: none"):
        load_sampler("flat")
    (tmp_path / catalogue.SAMPLERS).mkdir()
    (tmp_path / catalogue.SAMPLERS / "flat.onnx").write_bytes(flat.read_bytes())
    assert load_sampler("flat").info.title == "Flat"
    assert catalogue.list_styles() == {}  # it is none of the styles to choose from
