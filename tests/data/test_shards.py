from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from collections import defaultdict
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.helpers.pairs import TINY, tiny_config, tiny_settings, write_pairs
from tests.helpers.paths import ROOT
from translate.config import CONFIGS
from translate.data.datasets import load_pairs, load_unpaired
from translate.data.loader import Key
from translate.data.shards import sharded_pairs, sharded_sides, write_shards
from translate.errors import PictureError, UserError
from translate.media.images import load_rgb
from translate.storage.shards import INDEX


@pytest.fixture
def tars(tmp_path: Path) -> str:
    """The pattern of six tars of a pair each."""
    write_pairs(tmp_path)
    made = list(write_shards(tmp_path, tmp_path / "tars" / "p", size_mb=0))
    assert len(made) == 6  # a tar is full as soon as it holds a sample
    return str(tmp_path / "tars" / "p-{000..005}.tar")


def test_pairs_and_sides_are_those_of_the_folders(tmp_path: Path, tars: str) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    in_folders = load_pairs(tiny_config(a, b, tmp_path / "run"))
    settings = {**tiny_settings(a, b, tmp_path / "run"), "a": None, "b": None, "shards": tars}
    in_tars = load_pairs(CONFIGS["pix2pix"].from_dict(settings))  # type: ignore[arg-type]
    assert len(in_tars.training) == len(in_folders.training)
    for index in range(len(in_tars.training)):
        one, other = (data.training[Key(index, 7)] for data in (in_folders, in_tars))
        assert all(torch.equal(one[side], other[side]) for side in "AB")
    swapped = settings | TINY["cyclegan"] | {"direction": "BtoA"}
    sample = load_unpaired(CONFIGS["cyclegan"].from_dict(swapped)).validation  # type: ignore[arg-type]
    assert [Path(str(files["A"])).suffix for files in sample.a] == [".webp"]  # type: ignore[attr-defined]


def test_tars_are_cut_by_size_and_read_by_others(tmp_path: Path) -> None:
    write_pairs(tmp_path)
    made = list(write_shards(tmp_path, tmp_path / "p", size_mb=1))
    assert [path.name for path in made] == ["p-000.tar"]
    with tarfile.open(made[0]) as opened:
        names = opened.getnames()
    assert names[:4] == ["0.a.png", "0.b.webp", "2.a.png", "2.b.webp"] and "sub/5.b.webp" in names
    with pytest.raises(UserError, match=r"out .*p-000\.tar: exists already"):
        list(write_shards(tmp_path, tmp_path / "p", size_mb=1))


def test_tars_of_others_need_no_index(tmp_path: Path, tars: str) -> None:
    with_index = sharded_pairs(tars)
    for index in (tmp_path / "tars").glob(f"*{INDEX}"):
        index.unlink()
    assert sharded_pairs(tars).pairs == with_index.pairs


def test_tars_at_urls(tmp_path: Path, tars: str) -> None:
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    for path in sorted((tmp_path / "tars").iterdir()):
        if path.name != f"p-003.tar{INDEX}":
            store.pipe_file(f"/shards/{path.name}", path.read_bytes())
    there = sharded_sides("memory://shards/p-{000..005}.tar")
    here = sharded_sides(tars)
    assert [member.path for member in there.a] == [member.path for member in here.a]  # type: ignore[union-attr]
    assert all((load_rgb(one) == load_rgb(other)).all() for one, other in zip(there.files, here.files, strict=True))


def test_problems_are_named(tmp_path: Path, tars: str) -> None:
    with pytest.raises(UserError, match=r"shards .*p-006\.tar: cannot be read"):
        sharded_pairs(tars.replace("005", "006"))
    with pytest.raises(UserError, match="003 comes after 002"):
        sharded_pairs(tars.replace("000..005", "003..002"))
    with pytest.raises(UserError, match=r"0\.a\.png is in .* and again in"):
        sharded_pairs(twice(tmp_path))
    one_side = sharded_pairs(str(tmp_path / "t0.tar"))
    assert one_side.problems == [f"<shards> {tmp_path}/t0.tar/0.a.png: has no other side"]
    assert "holds 0 pictures of side b" in sharded_sides(str(tmp_path / "t0.tar")).problems[1]
    (tmp_path / "tars" / f"p-001.tar{INDEX}").write_text(json.dumps(["x", -1, 4]))
    with pytest.raises(UserError, match=r"p-001\.tar: .*its index has the line"):
        sharded_pairs(tars)


def twice(folder: Path) -> str:
    """Two tars with the same picture."""
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "PNG")
    for number in (0, 1):
        with tarfile.open(folder / f"t{number}.tar", "w") as opened:
            entry = tarfile.TarInfo("0.a.png")
            entry.size = len(content.getvalue())
            opened.addfile(entry, io.BytesIO(content.getvalue()))
    return str(folder / "t{0..1}.tar")


def test_a_tar_that_ends_too_early_is_an_unreadable_picture(tmp_path: Path, tars: str) -> None:
    pair = sharded_pairs(tars).pairs[0]
    tar = tmp_path / "tars" / "p-000.tar"
    tar.write_bytes(tar.read_bytes()[:600])
    with pytest.raises(PictureError, match=r"p-000\.tar/0\.a\.png: is cut short"):
        load_rgb(pair.a)


@pytest.mark.slow
def test_two_processes_killed_and_resumed_see_every_sample_once(tmp_path: Path) -> None:
    """An epoch over 20 tars; a step that is taken again sees the same."""
    write_pairs(tmp_path, count=20)
    assert len(list(write_shards(tmp_path, tmp_path / "p", size_mb=0))) == 20
    command = [sys.executable, "-m", "tests.helpers.sharded_run", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, timeout=200, check=False)
    assert done.returncode == 0
    steps: dict[int, set[tuple[str, ...]]] = defaultdict(set)  # what each process saw
    for line in (tmp_path / "steps.jsonl").read_text().splitlines():
        step, names = json.loads(line)
        steps[step].add(tuple(names))
    assert sorted(steps) == [0, 1, 2, 3, 4] and all(len(shares) == 2 for shares in steps.values())
    seen = [name for shares in steps.values() for share in shares for name in share]
    assert len(seen) == len(set(seen)) == 20
