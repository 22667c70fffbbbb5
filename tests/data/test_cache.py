from pathlib import Path

import pytest
import torch

from tests.helpers.pairs import tiny_run, write_pairs
from translate.data.cache import cached, decode
from translate.data.datasets import PictureDataset, TrainingData
from translate.data.loader import make_loader
from translate.errors import PictureError
from translate.media.images import load_rgb
from translate.train.methods import method_of


def load(method: str, folder: Path, **changes: object) -> TrainingData:
    config = tiny_run(method, folder, folder / "run", cache="ram", **changes)
    return cached(method_of(config).load_data(config), config)


@pytest.mark.parametrize("method", ["pix2pix", "cyclegan", "stargan", "gan"])
def test_a_cache_changes_no_byte_of_any_batch(method: str, tmp_path: Path) -> None:
    """With every augmentation, none of which may write to the cache; also once the files are gone."""
    changes: dict[str, object] = {"quarter_turns": True, "rotate": 10.0, "batch_size": 3}
    changes |= {"jitter": 0.2} if method == "pix2pix" else {}
    plain = tiny_run(method, tmp_path, tmp_path / "run", **changes)
    data = method_of(plain).load_data(plain)
    kept = load(method, tmp_path, **changes)
    steps = {"first_step": 0, "last_step": 6, "rank": 0, "processes": 1}
    before = list(make_loader(data.training, plain, **steps))
    assert isinstance(data.training, PictureDataset)
    for source in data.training.sources():
        assert isinstance(source, Path)
        source.unlink()
    for one, other in zip(before, make_loader(kept.training, plain, **steps), strict=True):
        assert one.tensors.keys() == other.tensors.keys() and not other.unreadable
        assert all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


def test_workers_read_from_the_same_memory(tmp_path: Path) -> None:
    config = tiny_run("pix2pix", tmp_path, tmp_path / "run", workers=1)
    kept = load("pix2pix", tmp_path)
    here = list(make_loader(kept.training, config, first_step=0, last_step=2, rank=0, processes=1))
    for path in tmp_path.rglob("*.png"):
        path.unlink()
    there = list(make_loader(kept.training, config, first_step=0, last_step=2, rank=0, processes=1))
    assert all(torch.equal(one.tensors["A"], other.tensors["A"]) for one, other in zip(here, there, strict=True))


def test_what_does_not_fit_and_what_is_damaged_is_read_each_time_and_said(tmp_path: Path) -> None:
    a, _ = write_pairs(tmp_path)
    paths = sorted(a.rglob("*.png"))
    size = load_rgb(paths[0]).size
    cache = decode(paths, limit_bytes=3 * size + 1)
    assert list(cache.places) == paths[:3] and len(cache.pixels) == 3 * size
    assert all((cache(path) == load_rgb(path)).all() for path in paths)

    paths[1].write_bytes(paths[1].read_bytes()[:100])
    cache = decode(paths, limit_bytes=100 * size)
    assert list(cache.places) == [path for path in paths if path != paths[1]]
    with pytest.raises(PictureError, match=paths[1].name):
        cache(paths[1])
    assert "1 more are read each time" in load("cyclegan", tmp_path, val_samples=0).remarks[-1]
