from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from translate.data.attributes import match_attributes, read_table
from translate.errors import UserError


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    (folder / "sub").mkdir(parents=True)
    for name in ("1.png", "2.png", "3.png", "4.png", "sub/5.png"):
        Image.new("RGB", (8, 8)).save(folder / name)
    return folder


FACES = """\
hair,filename,smile,glasses,hat
brown,1.png,1,0,0
black,2.png,0,0,0
brown,3.png,1,1,0
blond,4.png,0,1,1
"with, comma",sub/5.png,0,1,0
"""


def write(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_a_table_labels_pictures_by_its_columns_of_0_and_1(tmp_path: Path, images: Path) -> None:
    table = write(tmp_path / "faces.csv", FACES)
    found = match_attributes(images, table)
    assert found.domains == ["smile", "glasses"] and not found.problems and not found.exclusive
    assert found.files == [images / name for name in ("1.png", "2.png", "3.png", "4.png", "sub/5.png")]
    assert found.labels.dtype == np.float32
    assert found.labels.tolist() == [[1, 0], [0, 0], [1, 1], [0, 1], [0, 1]]
    hair, hat = found.skipped
    assert hair == f"{table}: column hair: line 2, 1.png: 'brown' is neither 0 nor 1"
    assert hat == f"{table}: column hat: is 1 for 1 of 5 pictures; training needs at least 2 of each value"


def test_columns_keep_the_requested_order(tmp_path: Path, images: Path) -> None:
    found = match_attributes(images, write(tmp_path / "faces.csv", FACES), columns="glasses, smile")
    assert found.domains == ["glasses", "smile"] and found.skipped == []
    assert found.labels[:, 0].tolist() == [0, 0, 1, 1, 1]


def test_requested_columns_have_to_be_usable(tmp_path: Path, images: Path) -> None:
    table = write(tmp_path / "faces.csv", FACES)
    found = match_attributes(images, table, columns="smile,hair,hat")
    assert found.domains == ["smile"]
    assert [problem.split(": ")[1] for problem in found.problems] == ["column hair", "column hat"]
    with pytest.raises(UserError, match=r"columns beard: .*faces\.csv has hair, smile, glasses, hat"):
        match_attributes(images, table, columns="smile,beard")


def test_domains_are_exclusive_where_every_row_has_exactly_one(tmp_path: Path, images: Path) -> None:
    rows = [f"{number}.png,{number % 2},{1 - number % 2}" for number in range(1, 5)]
    assert match_attributes(images, write(tmp_path / "t.csv", "\n".join(["name,odd,even", *rows]))).exclusive


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_byte_order_mark_and_line_ends(tmp_path: Path, delimiter: str) -> None:
    lines = ["Image,smile", "a b.png, 1 ", "", "c.png,0", ""]
    table = write(tmp_path / "table", "\r\n".join(lines).replace(",", delimiter), encoding="utf-8-sig")
    columns, rows = read_table(table)
    assert columns == ["smile"]
    assert [(row.line, row.file, row.values) for row in rows] == [(2, "a b.png", ["1"]), (4, "c.png", ["0"])]


def test_celebas_format(tmp_path: Path, images: Path) -> None:
    table = write(
        tmp_path / "list_attr_celeba.txt",
        "4\nMale Smiling \n1.png  1 -1\n2.png -1 -1\n3.png  1  1\n4.png -1  1\n",
    )
    found = match_attributes(images, table)
    assert found.domains == ["Male", "Smiling"] and not found.problems
    assert found.labels.tolist() == [[1, 0], [0, 0], [1, 1], [0, 1]]
    assert read_table(table).rows[0].line == 3


def test_minus_one_in_a_column_with_zeros_is_refused(tmp_path: Path, images: Path) -> None:
    table = write(tmp_path / "t.csv", "file,smile\n1.png,0\n2.png,1\n3.png,-1\n4.png,1\n")
    assert match_attributes(images, table, columns="smile").problems == [
        f"{table}: column smile: line 4, 3.png: '-1' is neither 0 nor 1"
    ]


def test_missing_pictures_are_named_and_left_out(tmp_path: Path, images: Path) -> None:
    absent = "".join(f"gone{number}.png,{number % 2}\n" for number in range(4))
    table = write(tmp_path / "t.csv", f"file,smile\n1.png,0\n{absent}2.png,1\n")
    found = match_attributes(images, table)
    assert found.problems == [
        f"{table}: lists pictures that are not in {images}: gone0.png, gone1.png, gone2.png (4 in all)"
    ]
    assert found.files == [images / "1.png", images / "2.png"] and found.labels.tolist() == [[0], [1]]


def test_pictures_listed_twice_are_problems(tmp_path: Path, images: Path) -> None:
    table = write(tmp_path / "t.csv", "file,smile\n1.png,0\n2.png,1\n3.png,1\n1.png,0\n")
    assert match_attributes(images, table).problems == [f"{table}: line 5: 1.png is already on line 2"]


def test_a_table_without_attributes_is_a_problem(tmp_path: Path, images: Path) -> None:
    found = match_attributes(images, write(tmp_path / "t.csv", "file,hair\n1.png,brown\n2.png,black\n"))
    assert len(found.problems) == 1 and "has no column of 0 and 1" in found.problems[0]
    assert found.labels.shape == (2, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has to be a header"),
        ("file,smile\n", "lists no pictures"),
        ("202599\n", "has to be a header"),
        ("file\n1.png\n", "has to be a header"),
        ("file,smile,smile\n1.png,0,1\n", "has to be a header"),
        ("1.png,0,1\n2.png,0,1\n", "has to be a header"),
        ("file,smile\n1.png,0\n2.png\n", "line 3: holds 1 values for 2 columns"),
        ("2\nMale Smiling\n1.png 1 1\n2.png 1\n", "line 4: holds 2 values for 3 columns"),
        ('file,smile\n"1.png,0\n', "cannot be read as a table"),
        ("file,smile\n\udcff.png,0\n", "cannot be read as a table"),
    ],
)
def test_a_malformed_table_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    table = tmp_path / "table.csv"
    table.write_bytes(text.encode("utf-8", errors="surrogateescape"))
    with pytest.raises(UserError) as caught:
        read_table(table)
    assert str(table) in str(caught.value) and message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_table_and_missing_folder(tmp_path: Path, images: Path) -> None:
    with pytest.raises(UserError, match=r"none\.csv: cannot be read as a table: .*No such file"):
        match_attributes(images, tmp_path / "none.csv")
    with pytest.raises(UserError, match="none: no such folder"):
        match_attributes(tmp_path / "none", write(tmp_path / "t.csv", FACES))
