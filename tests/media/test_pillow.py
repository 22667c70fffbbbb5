"""When Pillow has our settings, and when the host's."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from PIL import Image

from translate.media.pillow import quiet_pillow


@pytest.fixture(autouse=True)
def hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The host's limit is 100 pixels, its filters are the usual ones."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings():
        warnings.resetwarnings()
        yield


def test_the_last_to_leave_restores_the_hosts_settings() -> None:
    first, second = quiet_pillow(1000), quiet_pillow(500)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert Image.MAX_IMAGE_PIXELS == 1000 and warnings.filters
    second.__exit__(None, None, None)
    assert Image.MAX_IMAGE_PIXELS == 100 and not warnings.filters


def test_the_limit_is_never_below_the_hosts() -> None:
    with quiet_pillow(50):
        assert Image.MAX_IMAGE_PIXELS == 100
    Image.MAX_IMAGE_PIXELS = None
    with quiet_pillow():
        assert Image.MAX_IMAGE_PIXELS is None
    with quiet_pillow(50):
        assert Image.MAX_IMAGE_PIXELS == 50
    assert Image.MAX_IMAGE_PIXELS is None


def test_an_error_restores_them_too() -> None:
    with pytest.raises(KeyError), quiet_pillow(1000):
        raise KeyError
    assert Image.MAX_IMAGE_PIXELS == 100 and not warnings.filters


def test_only_pillows_warnings_are_ignored() -> None:
    warnings.simplefilter("error")
    with quiet_pillow(1000):
        warnings.warn_explicit("odd", UserWarning, "TiffImagePlugin.py", 1, module="PIL.TiffImagePlugin")
        with pytest.raises(UserWarning):
            warnings.warn_explicit("ours", UserWarning, "host.py", 1, module="host")
    with pytest.raises(UserWarning):
        warnings.warn_explicit("odd", UserWarning, "TiffImagePlugin.py", 1, module="PIL.TiffImagePlugin")


def test_filters_that_the_host_sets_meanwhile_stay() -> None:
    with quiet_pillow():
        warnings.resetwarnings()
        warnings.simplefilter("error")
    assert [action for action, *_ in warnings.filters] == ["error"]
