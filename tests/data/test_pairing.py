import errno
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pairs import picture, write_domains, write_pairs
from translate.data.check import measure
from translate.data.pairing import Size, find_domains, find_unpaired, match_pairs
from translate.errors import PictureError, UserError
from translate.storage.folders import find_images
from translate.storage.shards import Source


def readable(files: list[Source]) -> dict[Source, Size]:
    return {path: size for path, size in measure(files) if not isinstance(size, PictureError)}


def test_pairs_match_by_relative_path_without_suffix(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 4)
    found = match_pairs(a=a, b=b)
    assert [pair.name for pair in found.pairs] == ["0", "2", "sub/1", "sub/3"]
    assert found.problems == []
    assert all(str(pair.a).endswith(".png") and str(pair.b).endswith(".webp") for pair in found.pairs)
    assert len(found.files) == 8
    assert found.mismatches(readable(found.files)) == []


def test_every_kind_of_problem_is_named(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 5)
    (b / "0.webp").unlink()
    (a / "sub" / "3.png").unlink()
    (b / "2.webp").write_bytes(b"no picture")
    Image.fromarray(picture(1, width=30)).save(b / "sub" / "1.webp")
    shutil.copy(a / "4.png", a / "4.bmp")
    found = match_pairs(a=a, b=b)
    unreadable = [str(size) for _, size in measure(found.files) if isinstance(size, PictureError)]
    assert len(unreadable) == 1 and str(b / "2.webp") in unreadable[0]
    assert found.mismatches(readable(found.files)) == [
        f"{b / 'sub' / '1.webp'}: is 30x36, its partner {a / 'sub' / '1.png'} is 40x36"
    ]
    problems = "\n".join(found.problems)
    assert f"{a / '0.png'}: no picture of that name in {b}" in problems
    assert f"{b / 'sub' / '3.webp'}: no picture of that name in {a}" in problems
    assert f"{a / '4.png'}: has the same name as 4.bmp" in problems
    assert len(found.problems) == 3


def write_named(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


CITIES = ("aachen/aachen_000000_000019", "aachen/aachen_000001_000019", "bonn/bonn_000000_000019")


@pytest.mark.parametrize(
    ("names_a", "names_b"),
    [
        ([f"{name}_gtFine_labelIds" for name in CITIES], [f"{name}_leftImg8bit" for name in CITIES]),
        (["photo-1", "photo-10", "photo-2"], ["1", "10", "2"]),
        (["in 1 a", "in 2 a"], ["out 1 b", "out 2 b"]),
    ],
)
def test_names_match_by_their_common_part(tmp_path: Path, names_a: list[str], names_b: list[str]) -> None:
    a = write_named(tmp_path / "a", *(f"{name}.png" for name in names_a))
    b = write_named(tmp_path / "b", *(f"{name}.png" for name in names_b))
    found = match_pairs(a=a, b=b)
    assert found.problems == []
    matched = {tuple(str(path)[len(f"{tmp_path}/a/") : -4] for path in (pair.a, pair.b)) for pair in found.pairs}
    assert matched == set(zip(names_a, names_b, strict=True))
    assert len(found.remarks) == 1 and "common part" in found.remarks[0]


def test_endings_choose_among_several_kinds(tmp_path: Path) -> None:
    kinds = ("_gtFine_labelIds.png", "_gtFine_color.png", "_gtFine_instanceIds.png")
    a = write_named(tmp_path / "a", *(f"{name}{kind}" for name in CITIES for kind in kinds))
    b = write_named(tmp_path / "b", *(f"{name}_leftImg8bit.png" for name in CITIES))
    assert "a_suffix" in match_pairs(a=a, b=b).problems[0]
    found = match_pairs(a=a, b=b, a_suffix="_gtFine_color", b_suffix="_leftImg8bit")
    assert found.problems == [] and [pair.name for pair in found.pairs] == list(CITIES)
    assert all(pair.a.name.endswith("_color.png") for pair in found.pairs)


def test_folders_without_pairs_get_a_hint_first(tmp_path: Path) -> None:
    a = write_named(tmp_path / "a", *(f"{number}.jpg" for number in range(20)))
    b = write_named(tmp_path / "b", "monet.jpg", "manet.jpg")
    found = match_pairs(a=a, b=b)
    assert found.pairs == [] and len(found.problems) == 23
    assert "unpaired" in found.problems[0] and "cyclegan" in found.problems[0]


def test_pairs_for_a_generator_that_enlarges(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 2)
    Image.fromarray(picture(0, width=80, height=72)).save(b / "0.webp")
    found = match_pairs(a=a, b=b)
    assert found.mismatches(readable(found.files), scale=2) == [
        f"{b / 'sub' / '1.webp'}: is 40x36, its partner {a / 'sub' / '1.png'} is 40x36; it has to be 2 times as high "
        "and wide"
    ]


def test_side_by_side_pictures_need_an_even_width(tmp_path: Path) -> None:
    Image.fromarray(picture(1, width=40)).save(tmp_path / "even.png")
    Image.fromarray(picture(1, width=41)).save(tmp_path / "odd.png")
    found = match_pairs(data=tmp_path)
    assert [pair.side_by_side for pair in found.pairs] == [True, True]
    assert found.files == [tmp_path / "even.png", tmp_path / "odd.png"]  # each is decoded once
    assert found.mismatches(readable(found.files)) == [
        f"{tmp_path / 'odd.png'}: is 41 pixels wide, an odd number that cannot be split into A and B"
    ]


def test_empty_and_missing_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert match_pairs(data=tmp_path / "empty").problems[0].startswith(f"{tmp_path / 'empty'}: holds no picture")
    with pytest.raises(UserError, match="no such folder"):
        match_pairs(data=tmp_path / "missing")
    with pytest.raises(UserError, match="no such folder"):
        find_unpaired(tmp_path / "empty", tmp_path / "missing")
    with pytest.raises(UserError, match="no such folder"):
        find_domains(tmp_path / "missing")


def test_hidden_files_are_ignored(tmp_path: Path) -> None:
    for name in (".hidden.png", "seen.PNG", ".trash/old.png", "note.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert find_images(tmp_path, recursive=True) == [tmp_path / "seen.PNG"]


def test_unpaired_folders_may_differ_in_size(tmp_path: Path) -> None:
    a, b = write_pairs(tmp_path, 5)
    (b / "0.webp").unlink()
    found = find_unpaired(a, b)
    assert (len(found.a), len(found.b), found.problems) == (5, 4, [])
    assert found.files == [*found.a, *found.b]


def test_unpaired_folders_need_two_pictures_each(tmp_path: Path) -> None:
    a, _ = write_pairs(tmp_path, 1)
    (tmp_path / "empty").mkdir()
    one, none = find_unpaired(a, tmp_path / "empty").problems
    assert one == f"{a}: holds 1 picture; training needs at least 2"
    assert none.startswith(f"{tmp_path / 'empty'}: holds no picture")


def test_each_folder_is_a_domain(tmp_path: Path) -> None:
    folder = write_domains(tmp_path / "domains", 3)
    (folder / "plain" / "sub").mkdir()
    (folder / "plain" / "0.png").rename(folder / "plain" / "sub" / "0.png")
    (folder / ".cache").mkdir()
    found = find_domains(folder)
    assert found.domains == ["dark", "inverted", "plain"] and found.exclusive and not found.problems
    assert [path.relative_to(folder).parts[0] for path in found.files] == [
        found.domains[number] for number in found.labels.argmax(axis=1)
    ]
    assert found.labels.dtype == np.float32 and found.labels.sum(axis=0).tolist() == [3, 3, 3]


def test_there_have_to_be_two_domains_of_two_pictures_each(tmp_path: Path) -> None:
    folder = write_domains(tmp_path / "domains", 2)
    (folder / "empty").mkdir()
    (folder / "dark" / "0.png").unlink()
    one, none = find_domains(folder).problems
    assert one == f"{folder / 'dark'}: holds 1 picture; training needs at least 2"
    assert none.startswith(f"{folder / 'empty'}: holds no picture")
    found = find_domains(folder / "plain")  # pictures where folders were expected
    assert found.problems == [f"{folder / 'plain'}: holds 0 folders; give one with a folder of pictures per domain"]
    assert found.labels.shape == (0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_files_that_cannot_be_read_are_still_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding reports what is wrong; if they were left out, nobody would notice."""
    for name in ("a.png", "closed/b.png", "c/folder.png/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name, target in {"dangling.png": "nowhere", "loop.png": "loop.png", "link": "c", "up": ".."}.items():
        (tmp_path / name).symlink_to(target)

    def scan(folder: Path) -> object:
        if folder.name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return scandir(folder)

    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", scan)
    found = [path.relative_to(tmp_path).as_posix() for path in find_images(tmp_path, recursive=True)]
    assert found == ["a.png", "c/folder.png/d.png", "closed", "dangling.png", "loop.png"]
    with pytest.raises(UserError, match="closed: cannot be read: Permission denied"):
        find_images(tmp_path / "closed", recursive=False)
