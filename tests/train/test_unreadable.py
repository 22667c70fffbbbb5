import pytest

from translate.errors import PictureError
from translate.train.unreadable import Unreadable


def test_each_picture_is_warned_of_once_up_to_the_share() -> None:
    met = Unreadable(share=0.02, samples=100)
    assert len(list(met.new(["a.png: is damaged", "b.png: is damaged", "a.png: is damaged"]))) == 2
    assert list(met.new(["b.png: is damaged"])) == []
    with pytest.raises(PictureError, match=r"c\.png: is damaged.*data check.*3 of 100 .* bad_pictures 0\.02"):
        list(met.new(["c.png: is damaged"]))
