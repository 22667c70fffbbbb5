from pathlib import Path

import pytest
from PIL import Image

from tests.helpers.command_line import Finished, RunCli
from tests.helpers.pairs import picture, write_domains, write_pairs


def test_data_check_names_every_problem_of_pairs_and_exits_1(tmp_path: Path, run_cli: RunCli) -> None:
    a, b = write_pairs(tmp_path, 3)
    folders = ("--a", a, "--b", b)
    assert run_cli("data", "check", *folders) == Finished(0, b"", "3 pairs; 40x36 pixels; 0 problems\n")
    (b / "0.webp").unlink()
    (b / "2.webp").write_bytes((b / "2.webp").read_bytes()[:40])
    Image.fromarray(picture(1, height=20)).save(b / "sub" / "1.webp")
    done = run_cli("data", "check", *folders)
    assert done.code == 1
    assert len(done.out.splitlines()) == 3
    for name in (b"0.png", b"2.webp", b"1.webp"):
        assert name in done.out
    assert done.err == "2 pairs; 40x20 to 40x36 pixels; 3 problems\n"


def test_unlike_folders_get_a_hint_and_ten_lines(tmp_path: Path, run_cli: RunCli) -> None:
    a, b = write_pairs(tmp_path, 16)
    for path in sorted(b.rglob("*.webp")):
        path.rename(path.with_stem(f"painting{path.stem}of"))
    done = run_cli("data", "check", "--a", a, "--b", b)
    hint, *rest, more = done.out.decode().splitlines()
    assert done.code == 1 and "--unpaired" in hint and "--a-suffix" in hint
    assert len(rest) == 10 and more == "... and 22 more of these; --verbose lists them"
    assert done.err.endswith("33 problems\n")
    assert len(run_cli("data", "check", "--a", a, "--b", b, "-v").out.splitlines()) == 33


def test_pictures_smaller_than_the_crop_are_told(tmp_path: Path, run_cli: RunCli) -> None:
    a, b = write_pairs(tmp_path, 3)
    done = run_cli("data", "check", "--a", a, "--b", b, "--crop", 40)
    assert done.code == 0 and "6 of 6 pictures are smaller than the crop of 40" in done.err and "40x36" in done.err
    assert "smaller" not in run_cli("data", "check", "--a", a, "--b", b, "--crop", 36).err
    (tmp_path / "ab").mkdir()
    Image.fromarray(picture(1, width=60)).save(tmp_path / "ab" / "0.png")
    half = run_cli("data", "check", "--data", tmp_path / "ab", "--crop", 32)  # each is 30 pixels wide
    assert "1 of 1" in half.err


def test_data_check_of_pictures_side_by_side(tmp_path: Path, run_cli: RunCli) -> None:
    Image.fromarray(picture(1, width=41)).save(tmp_path / "odd.png")
    done = run_cli("data", "check", "--data", tmp_path)
    assert done.code == 1 and b"odd.png: is 41 pixels wide" in done.out


def test_data_check_of_unpaired_folders(tmp_path: Path, run_cli: RunCli) -> None:
    a, b = write_pairs(tmp_path, 3)
    (b / "0.webp").unlink()
    arguments = ("data", "check", "--unpaired", "--a", a, "--b", b)
    summary = "3 pictures of A, 2 of B; 40x36 pixels; 0 problems\n"
    assert run_cli(*arguments) == Finished(0, b"", summary)
    (b / "2.webp").write_bytes(b"")
    done = run_cli(*arguments)
    assert done.code == 1 and done.out == f"{b / '2.webp'}: empty, 0 bytes\n".encode()
    (b / "2.webp").unlink()
    done = run_cli(*arguments)
    assert done.code == 1 and done.out == f"{b}: holds 1 picture; training needs at least 2\n".encode()


def test_data_check_of_domains(tmp_path: Path, run_cli: RunCli) -> None:
    folder = write_domains(tmp_path / "domains", 4)
    (folder / "dark" / "0.png").unlink()
    done = run_cli("data", "check", "--domains", folder)
    assert (done.code, done.out) == (0, b"")
    assert done.err == "11 pictures: dark 3 (27%), inverted 4 (36%), plain 4 (36%); 40x36 pixels; 0 problems\n"
    (folder / "empty").mkdir()
    done = run_cli("data", "check", "--domains", folder)
    assert done.code == 1 and done.out.startswith(f"{folder / 'empty'}: holds no picture".encode())


def test_data_check_of_attributes(tmp_path: Path, run_cli: RunCli) -> None:
    images = write_domains(tmp_path / "images", 2)
    names = [path.relative_to(images).as_posix() for path in sorted(images.rglob("*.png"))]
    table = tmp_path / "table.csv"
    rows = [f"{name},{index % 2},{'dark' in name:d},text" for index, name in enumerate(names)]
    table.write_text("\n".join(["file,odd,dark,note", *rows]))
    arguments = ("data", "check", "--images", images, "--attributes", table)
    done = run_cli(*arguments)
    assert (done.code, done.out) == (0, b"")
    assert done.err.splitlines() == [
        f"skipped {table}: column note: line 2, dark/0.png: 'text' is neither 0 nor 1",
        "6 pictures: odd 3 (50%), dark 2 (33%); 40x36 pixels; 0 problems",
    ]
    (images / "dark" / "1.png").unlink()
    (images / "plain" / "1.png").write_bytes(b"no picture")
    done = run_cli(*arguments, "--columns", "odd,note")
    assert done.code == 1
    for line, expected in zip(done.out.splitlines(), (b"column note", b"dark/1.png", b"plain/1.png"), strict=True):
        assert expected in line


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--a", "."],
        ["--data", ".", "--a", ".", "--b", "."],
        ["--domains", ".", "--unpaired"],
        ["--images", ".", "--a", "."],
        ["--domains", ".", "--images", ".", "--attributes", "."],
        ["--domains", ".", "--columns", "smile"],
    ],
)
def test_data_check_refuses_options_that_do_not_go_together(arguments: list[str], run_cli: RunCli) -> None:
    done = run_cli("data", "check", *arguments)
    assert done.code == 2 and "--b DIR" in done.err and len(done.err.splitlines()) == 1


def test_data_shard_says_how_to_train_on_its_tars(tmp_path: Path, run_cli: RunCli) -> None:
    write_pairs(tmp_path)
    done = run_cli("data", "shard", tmp_path, tmp_path / "tars" / "p")
    assert (done.code, done.out) == (0, b"")
    assert done.err == f"1 tars: --shards '{tmp_path}/tars/p-{{000..000}}.tar'\n"
    assert {path.name for path in (tmp_path / "tars").iterdir()} == {"p-000.tar", "p-000.tar.index.json"}
    done = run_cli("data", "shard", tmp_path / "a", tmp_path / "q")
    assert done.code == 2 and "holds no folder a" in done.err and len(done.err.splitlines()) == 1


def test_a_drawn_data_set_says_how_to_train_on_it(tmp_path: Path, run_cli: RunCli) -> None:
    for name, training in (("facades", "pix2pix --data {}/train"), ("seasons", "cut --a {0}/trainA --b {0}/trainB")):
        out = tmp_path / name
        done = run_cli("data", "demo", name, out, "--count", 2, "--size", 32)
        counts, advice, conversion = done.err.splitlines()
        assert done.code == 0 and counts.startswith(f"{out}: 2 pictures in train") and "1 pictures in test" in counts
        assert f"translate train {training.format(out)} --preset light" in advice and f"{out}/test" in conversion
    assert Image.open(tmp_path / "facades" / "train" / "0002.png").size == (64, 32)
    again = run_cli("data", "demo", "facades", tmp_path / "facades")
    assert again.code == 2 and "exists already" in again.err
