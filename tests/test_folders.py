import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.pairs import picture, write_pairs
from translate.errors import UserError
from translate.folders import check_pairs, find_images, match_pairs


def test_pairs_match_by_relative_path_without_suffix(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 4)
    found = match_pairs(a=a, b=b)
    assert [pair.name for pair in found.pairs] == ["0", "2", "sub/1", "sub/3"]
    assert found.problems == []
    assert all(pair.a.suffix == ".png" and pair.b.suffix == ".webp" for pair in found.pairs)
    assert list(check_pairs(found.pairs)) == []


def test_every_kind_of_problem_is_named(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 5)
    (b / "0.webp").unlink()
    (a / "sub" / "3.png").unlink()
    (b / "2.webp").write_bytes(b"no picture")
    Image.fromarray(picture(1, width=30)).save(b / "sub" / "1.webp")
    shutil.copy(a / "4.png", a / "4.bmp")
    found = match_pairs(a=a, b=b)
    problems = "\n".join([*found.problems, *check_pairs(found.pairs)])
    assert f"{a / '0.png'}: no picture of that name in {b}" in problems
    assert f"{b / 'sub' / '3.webp'}: no picture of that name in {a}" in problems
    assert f"{a / '4.png'}: has the same name as 4.bmp" in problems
    assert str(b / "2.webp") in problems
    assert f"{b / 'sub' / '1.webp'}: is 30x36, its partner {a / 'sub' / '1.png'} is 40x36" in problems
    assert len(problems.splitlines()) == 5


def test_side_by_side_pictures_need_an_even_width(tmp_path: Path) -> None:
    Image.fromarray(picture(1, width=40)).save(tmp_path / "even.png")
    Image.fromarray(picture(1, width=41)).save(tmp_path / "odd.png")
    found = match_pairs(data=tmp_path)
    assert [pair.side_by_side for pair in found.pairs] == [True, True]
    assert list(check_pairs(found.pairs)) == [
        f"{tmp_path / 'odd.png'}: is 41 pixels wide, which does not halve into A and B"
    ]


def test_empty_and_missing_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert match_pairs(data=tmp_path / "empty").problems[0].startswith(f"{tmp_path / 'empty'}: holds no picture")
    with pytest.raises(UserError, match="no such folder"):
        match_pairs(data=tmp_path / "missing")


def test_hidden_files_are_passed_over(tmp_path: Path) -> None:
    for name in (".hidden.png", "seen.PNG", ".trash/old.png", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_images(tmp_path, recursive=True) == [tmp_path / "seen.PNG"]
