import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.features import FeatureNetwork, efficientnet_lite0
from tests.helpers.pictures import draw_photo
from tools.styles.judge.fidelity import Fidelity, compare, measure, tabulate, worst


@pytest.fixture(scope="module")
def network() -> FeatureNetwork:
    return efficientnet_lite0()


def test_equal_pictures_have_no_distance(network: FeatureNetwork) -> None:
    photo = draw_photo(96, 64)
    found = compare(photo, photo.copy(), network)
    assert math.isinf(found.psnr_db)
    assert found.ssim == pytest.approx(1, abs=1e-5) and found.distance == pytest.approx(0, abs=1e-6)


def test_every_metric_gets_worse_with_the_difference(network: FeatureNetwork) -> None:
    photo = draw_photo(96, 64)
    rng = np.random.default_rng(0)
    near, far = (
        compare((photo + rng.normal(0, noise, photo.shape)).clip(0, 255).astype(np.uint8), photo, network)
        for noise in (4, 40)
    )
    assert near.psnr_db > far.psnr_db and near.ssim > far.ssim and 0 < near.distance < far.distance
    with pytest.raises(ValueError, match="sizes"):
        compare(photo, photo[:-1], network)


def test_worst_photo_is_found_for_each_metric() -> None:
    found = {"good": Fidelity(30, 0.9, 0.1), "bad": Fidelity(20, 0.8, 0.3), "odd": Fidelity(25, 0.7, 0.2)}
    assert [worst(found, metric) for metric in ("psnr_db", "ssim", "distance")] == ["bad", "odd", "bad"]
    table = tabulate("student", found)
    mean = list(table.columns[1].cells)
    assert mean == ["25.0000", "0.8000", "0.2000"]
    assert list(table.columns[3].cells) == ["25.0000", "0.8000", "0.2000"]  # medians


def test_pictures_are_compared_by_name(tmp_path: Path, network: FeatureNetwork) -> None:
    photo = draw_photo(48, 32)
    paths = {name: tmp_path / f"{name}.png" for name in ("photo", "negative")}
    Image.fromarray(photo).save(paths["photo"])
    Image.fromarray(255 - photo).save(paths["negative"])
    pictures = {"a": paths["photo"], "b": paths["negative"], "c": paths["photo"]}
    found = measure(pictures, {"b": paths["photo"], "a": paths["photo"]}, network)
    assert list(found) == ["a", "b"]
    assert math.isinf(found["a"].psnr_db) and found["b"] == compare(255 - photo, photo, network)
