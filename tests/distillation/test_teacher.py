"""The teachers here are small scripts: ``body`` sees ``photo`` and ``output``, paths, and ``picture``, the photo."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.pictures import draw_photo, files_below
from translate.distillation.failures import Failure
from translate.distillation.teacher import (
    REPEATABLE_DB,
    VARYING_DB,
    repeatability,
    run_teacher,
    teacher_seconds,
    verdict_of_repeatability,
)
from translate.errors import PictureError, UserError
from translate.evaluate.pair_metrics import MAX_PSNR_DB
from translate.storage.lock import lock

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name == "nt", reason="process groups and signals are POSIX's")]

INVERT = "ImageOps.invert(picture).save(output)"
DEADLINE = 30  # seconds to wait for what the system does in its own time

Teach = Callable[..., str]


@pytest.fixture
def photos(tmp_path: Path) -> dict[str, Path]:
    """Three photos of 60 x 40 pixels, one of them in a folder."""
    return add_photos(tmp_path, "one", "two", "walks/three")


def add_photos(tmp_path: Path, *names: str) -> dict[str, Path]:
    photos = {name: tmp_path / "work" / "photos" / f"{name}.png" for name in names}
    for number, path in enumerate(photos.values()):
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.roll(draw_photo(60, 40), number, axis=0)).save(path)
    return photos


@pytest.fixture
def drawn(tmp_path: Path) -> Path:
    return tmp_path / "work" / "drawn"


@pytest.fixture
def teach(tmp_path: Path) -> Teach:
    """The command of a script with ``body``; it notes each run in the file ``runs``."""

    def command(body: str, name: str = "teacher.py") -> str:
        script = tmp_path / name
        script.write_text(
            "import os, random, subprocess, sys, time\n"
            "from pathlib import Path\n"
            "from PIL import Image, ImageOps\n"
            "photo, output = Path(sys.argv[1]), Path(sys.argv[2])\n"
            f"with open({str(tmp_path / 'runs')!r}, 'a') as runs: runs.write(photo.stem + chr(10))\n"
            f"picture = Image.open(photo)\n{body}\n",
            encoding="utf-8",
        )
        return shlex.join([sys.executable, str(script), "{input}", "{output}"])

    return command


def runs(tmp_path: Path) -> list[str]:
    """The photos that teachers ran for, sorted; forgotten then."""
    path = tmp_path / "runs"
    stems = sorted(path.read_text().split()) if path.exists() else []
    path.unlink(missing_ok=True)
    return stems


def ask(command: str, photos: Mapping[str, Path], drawn: Path, **options: object) -> list[Failure]:
    settings: dict[str, object] = {"workers": 2, "timeout": 60, **options}
    return run_teacher(command, photos, drawn, **settings)  # type: ignore[arg-type]


def inverted(photo: Path) -> np.ndarray:
    return 255 - np.array(Image.open(photo))


def pixels(path: Path) -> np.ndarray:
    return np.array(Image.open(path))


def test_the_teacher_draws_each_photo(teach: Teach, photos: dict[str, Path], drawn: Path) -> None:
    seen: list[tuple[int, int]] = []
    assert ask(teach(INVERT), photos, drawn, on_done=lambda *counts: seen.append(counts)) == []
    for name, photo in photos.items():
        np.testing.assert_array_equal(pixels(drawn / f"{name}.png"), inverted(photo))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert files_below(drawn) == {f"{name}.{suffix}" for name in photos for suffix in ("png", "json")}


def test_what_is_drawn_is_not_drawn_again(teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path) -> None:
    command = teach(INVERT)
    ask(command, photos, drawn)
    assert runs(tmp_path) == ["one", "three", "two"]
    before = {path: path.read_bytes() for path in drawn.rglob("*.*")}
    assert ask(command, photos, drawn) == []
    assert runs(tmp_path) == []
    assert {path: path.read_bytes() for path in drawn.rglob("*.*")} == before


def test_a_changed_photo_or_command_or_a_damaged_picture_is_drawn_again(
    teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path
) -> None:
    command = teach(INVERT)
    ask(command, photos, drawn)
    runs(tmp_path)

    Image.fromarray(draw_photo(50, 50)).save(photos["two"])
    seen: list[tuple[int, int]] = []
    ask(command, photos, drawn, on_done=lambda *counts: seen.append(counts))
    assert runs(tmp_path) == ["two"]
    assert seen == [(3, 3)]
    np.testing.assert_array_equal(pixels(drawn / "two.png"), inverted(photos["two"]))

    (drawn / "one.png").write_bytes((drawn / "one.png").read_bytes()[:-40])
    (drawn / "walks" / "three.json").write_text("[")
    ask(command, photos, drawn)
    assert runs(tmp_path) == ["one", "three"]
    np.testing.assert_array_equal(pixels(drawn / "one.png"), inverted(photos["one"]))

    ask(command + " --more", photos, drawn)
    assert runs(tmp_path) == ["one", "three", "two"]


def test_a_picture_written_without_its_record_is_drawn_again(
    teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path
) -> None:
    """A kill between the two: the record is still that of the first command, to which the user then returns."""
    first, second = teach(INVERT), teach("picture.save(output)", "other.py")
    ask(first, photos, drawn)
    record = (drawn / "one.json").read_bytes()
    ask(second, photos, drawn)
    runs(tmp_path)
    (drawn / "one.json").write_bytes(record)
    ask(first, {"one": photos["one"]}, drawn)
    assert runs(tmp_path) == ["one"]
    np.testing.assert_array_equal(pixels(drawn / "one.png"), inverted(photos["one"]))


def test_failed_photos_are_left_out_and_tried_again(
    teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path
) -> None:
    command = teach(f"if photo.stem != 'one': sys.exit('cannot \\x1b[1m draw ' + photo.stem)\n{INVERT}")
    expected = [
        Failure(name, f"exit code 1: cannot \\x1b[1m draw {Path(name).name}") for name in ("two", "walks/three")
    ]
    assert ask(command, photos, drawn) == expected
    assert files_below(drawn) == {"one.png", "one.json"}
    runs(tmp_path)
    assert ask(command, photos, drawn) == expected
    assert runs(tmp_path) == ["three", "two"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("pass", "wrote no picture, nothing printed"),
        ("print('skipped'); print()", "wrote no picture: skipped"),
        ("output.with_suffix('.jpg').write_text('')", "wrote no picture but two.jpg, nothing printed"),
        ("print('not this'); sys.exit('line 1\\n\\nthe last\\n \\n')", "exit code 1: the last"),
        ("print('half way'); sys.exit(3)", "exit code 3: half way"),
        ("sys.exit(3)", "exit code 3, nothing printed"),
        ("sys.stderr.write('x' * 100000); sys.exit(1)", "exit code 1: " + 300 * "x"),
        ("os.kill(os.getpid(), 15)", f"ended by signal 15 ({signal.strsignal(15)}), nothing printed"),
        ("output.write_bytes(b'')", "its picture: empty, 0 bytes"),
        ("output.mkdir()", "its picture: a folder, not a picture"),
        (
            "picture.resize((60, 42)).save(output)",
            "its picture has another aspect ratio: 60 x 42 pixels, the photo 60 x 40",
        ),
    ],
)
def test_every_failure_has_its_reason(
    teach: Teach, photos: dict[str, Path], drawn: Path, body: str, reason: str
) -> None:
    command = teach(f"if photo.stem != 'two': {INVERT}; sys.exit()\n{body}")
    assert ask(command, photos, drawn) == [Failure("two", reason)]


def test_what_is_not_a_picture_is_refused(teach: Teach, photos: dict[str, Path], drawn: Path) -> None:
    command = teach(f"if photo.stem != 'two': {INVERT}; sys.exit()\noutput.write_text('<html>busy</html>')")
    (failure,) = ask(command, photos, drawn)
    assert failure.reason.startswith("its picture: not a picture this program reads")


@pytest.mark.parametrize(
    ("body", "tolerance"),
    [
        ("print('much ' * 200000); sys.stderr.write('more ' * 200000)\n" + INVERT, 0),
        ("ImageOps.invert(picture).save(output, 'JPEG', quality=95, subsampling=0)", 4),
        ("ImageOps.invert(picture).convert('P', palette=Image.Palette.ADAPTIVE).save(output, 'GIF')", 12),
        ("ImageOps.invert(picture).resize((180, 120), Image.Resampling.NEAREST).save(output)", 1),
        ("ImageOps.invert(picture).resize((61, 40), Image.Resampling.NEAREST).save(output)", 12),
    ],
    ids=["prints much", "jpeg", "gif", "larger", "one column more"],
)
def test_any_format_and_size_is_taken(
    teach: Teach, photos: dict[str, Path], drawn: Path, body: str, tolerance: float
) -> None:
    assert ask(teach(body), photos, drawn) == []
    difference = pixels(drawn / "one.png").astype(float) - inverted(photos["one"])
    assert difference.shape == (40, 60, 3)
    assert np.abs(difference).mean() <= tolerance


def test_transparency_is_put_on_white(teach: Teach, photos: dict[str, Path], drawn: Path) -> None:
    assert ask(teach("Image.new('RGBA', picture.size, (90, 0, 0, 0)).save(output)"), photos, drawn) == []
    assert (pixels(drawn / "one.png") == 255).all()


def test_a_smaller_picture_is_enlarged_smoothly(teach: Teach, photos: dict[str, Path], drawn: Path) -> None:
    assert ask(teach("Image.linear_gradient('L').resize((30, 20)).save(output)"), photos, drawn) == []
    rows = pixels(drawn / "one.png")[:, 30, 0].astype(int)
    assert rows.shape == (40,)
    assert (np.diff(rows[2:-2]) > 0).all()  # nearest would repeat each row


def test_no_shell_and_any_name(teach: Teach, tmp_path: Path, drawn: Path) -> None:
    photos = add_photos(tmp_path, 'it\'s "a" $HOME; photo', "{output}", "-v")
    command = teach(INVERT, "my teacher's.py")
    assert ask(command, photos, drawn) == []
    np.testing.assert_array_equal(pixels(drawn / "{output}.png"), inverted(photos["{output}"]))
    pieces = teach("", "unused.py").split()[0]  # marks inside of arguments, in quotes
    code = "import sys; from PIL import Image; Image.open(sys.argv[1][5:]).save(sys.argv[2][4:])"
    assert ask(f"{pieces} -c {shlex.quote(code)} --in={{input}} '-o \"{{output}}'", photos, drawn) == []


def test_relative_paths_are_those_of_the_caller(
    teach: Teach, photos: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach(INVERT)
    monkeypatch.chdir(tmp_path)
    relative = {name: path.relative_to(tmp_path) for name, path in photos.items()}
    assert ask(f"{sys.executable} teacher.py {{input}} {{output}}", relative, Path("drawn")) == []
    assert len(list((tmp_path / "drawn").rglob("*.png"))) == 3


def test_the_teacher_has_no_input(teach: Teach, photos: dict[str, Path], drawn: Path) -> None:
    assert ask(teach("assert sys.stdin.read() == ''\n" + INVERT), photos, drawn) == []


def test_workers_run_at_the_same_time(teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path) -> None:
    """Each waits until all three have begun."""
    wait = f"began = Path({str(tmp_path / 'runs')!r})\nwhile len(began.read_text().split()) < 3: time.sleep(0.01)\n"
    assert ask(teach(wait + INVERT), photos, drawn, workers=3, timeout=DEADLINE) == []


@pytest.mark.slow
def test_a_slow_one_is_killed_with_its_children(
    teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path
) -> None:
    sleep = hold(tmp_path / "child", "subprocess.run([sys.executable, '-c', CHILD])")
    command = teach(f"if photo.stem != 'two': {INVERT}; sys.exit()\nprint('thinking', flush=True)\n{sleep}")
    ask(command, {name: photos[name] for name in ("one", "walks/three")}, drawn)
    assert ask(command, photos, drawn, timeout=5) == [Failure("two", "not done after 5 seconds: thinking")]
    assert_released(tmp_path / "child")


def test_a_child_left_behind_neither_delays_nor_survives(
    teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path
) -> None:
    body = hold(tmp_path / "child", "subprocess.Popen([sys.executable, '-c', CHILD])")
    wait = f"while not Path({str(tmp_path / 'child')!r}).exists(): time.sleep(0.01)\n"
    assert ask(teach(f"{body}\n{wait}{INVERT}"), {"one": photos["one"]}, drawn, timeout=DEADLINE) == []
    assert_released(tmp_path / "child")


def hold(path: Path, start: str) -> str:
    """Python that calls ``start`` with ``CHILD``, the code of a process that locks ``path`` for ever."""
    child = (
        "import fcntl, os, time; held = open('part', 'w'); fcntl.flock(held, fcntl.LOCK_EX); "
        "os.replace('part', NAME); time.sleep(1000)"
    )
    child = child.replace("'part'", repr(f"{path}.part")).replace("NAME", repr(str(path)))
    return f"CHILD = {child!r}\n{start}"


def assert_released(path: Path) -> None:
    """The process that locked ``path`` is dead: the system releases locks then."""
    deadline = time.monotonic() + DEADLINE
    with path.open() as file:
        while True:
            try:
                return lock(file.fileno())
            except BlockingIOError:
                assert time.monotonic() < deadline, "still running"
                time.sleep(0.01)


def test_an_interruption_leaves_whole_files_and_no_process(
    teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    command = teach(
        f"if photo.stem == 'one':\n"
        f"    while not Path({str(held)!r}).exists(): time.sleep(0.01)\n"
        f"    {INVERT}; sys.exit()\n" + hold(held, "exec(CHILD)")
    )

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ask(command, photos, drawn, on_done=interrupt, timeout=1000)  # longer than a test may take
    assert_released(held)
    assert files_below(drawn) == {"one.png", "one.json"}
    assert {"one", "two"} <= set(runs(tmp_path))  # the third may have begun

    repeated = teach(INVERT)  # the same command, for the script has its old name
    assert repeated == command
    assert ask(repeated, photos, drawn) == []
    assert runs(tmp_path) == ["three", "two"]
    assert files_below(drawn) == {f"{name}.{suffix}" for name in photos for suffix in ("png", "json")}


def test_half_files_of_a_killed_run_are_removed(teach: Teach, photos: dict[str, Path], drawn: Path) -> None:
    for folder in (drawn, drawn / "walks"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".translate-0123456789abcdef.tmp").write_bytes(b"half")
    ask(teach(INVERT), photos, drawn)
    assert files_below(drawn) == {f"{name}.{suffix}" for name in photos for suffix in ("png", "json")}


def test_a_command_that_cannot_start_is_one_error(photos: dict[str, Path], drawn: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        ask("no-such-program <x> {input} {output}", photos, drawn)
    assert str(error.value) == (
        "teacher no-such-program <x> {input} {output}: cannot be started: No such file or directory; "
        "give a program by its path, and pipes of several as a script"
    )
    (tmp_path / "plain.txt").write_text("not a program")
    with pytest.raises(UserError, match=r"cannot be started: Permission denied"):
        ask(f"{tmp_path}/plain.txt {{input}} {{output}}", photos, drawn)
    with pytest.raises(
        UserError, match=r"^teacher 'draw \{input\} \{output\}: No closing quotation; check the quotes$"
    ):
        ask("'draw {input} {output}", photos, drawn)
    with pytest.raises(UserError, match="teacher is empty"):
        ask(" ", photos, drawn)
    assert not drawn.exists()


def test_a_teacher_that_draws_nothing_is_given_up(teach: Teach, tmp_path: Path, drawn: Path) -> None:
    photos = add_photos(tmp_path, *(f"{number:02}" for number in range(20)))
    command = teach("sys.exit('no <model> here')")
    with pytest.raises(UserError) as error:
        ask(command, photos, drawn, workers=1)
    started = runs(tmp_path)
    assert 3 <= len(started) < 6  # workers + 2, and one that had begun meanwhile
    by_hand = command.replace("'{input}'", shlex.quote(str(photos["02"])))
    by_hand = by_hand.replace("'{output}'", shlex.quote(str(Path("out.png").absolute())))
    assert str(error.value) == (
        f"teacher {command}: failed on each of 3 photos, the last time: exit code 1: no <model> here; "
        f"try it by hand: {by_hand}"
    )
    with pytest.raises(UserError, match="failed on each of 2 photos"):  # there are no more
        ask(command, {name: photos[name] for name in ("00", "01")}, drawn)


def test_one_success_before_is_enough_to_go_on(teach: Teach, tmp_path: Path, drawn: Path) -> None:
    photos = add_photos(tmp_path, *"abcdefgh")
    command = teach(f"if photo.stem != 'h': sys.exit(1)\n{INVERT}")
    ask(command, {"h": photos["h"]}, drawn)
    assert [failure.name for failure in ask(command, photos, drawn, workers=1)] == list("abcdefg")


def test_a_disk_error_is_one_line(
    teach: Teach, photos: dict[str, Path], drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn.write_text("a file, where the folder should be")
    with pytest.raises(PictureError) as error:
        ask(teach(INVERT), {"one": photos["one"]}, drawn)
    assert str(error.value) == f"{drawn}/one.png: cannot be written: File exists"

    drawn.unlink()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PictureError, match=r"\.png: cannot be written: No space left on device$"):
        ask(teach(INVERT), photos, drawn)
    assert files_below(drawn) == set()


def test_no_room_for_temporary_files_is_one_line(
    teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    with pytest.raises(UserError, match=r"^temporary files cannot be written: No such file or directory$"):
        ask(teach(INVERT), photos, drawn)


def test_temporary_files_are_removed(
    teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    command = teach(f"(output.parent / 'more').mkdir()\nif photo.stem == 'two': sys.exit(1)\n{INVERT}")
    assert len(ask(command, photos, drawn)) == 1
    assert list((tmp_path / "temporary").iterdir()) == []


def test_a_missing_photo_is_one_line(teach: Teach, tmp_path: Path, drawn: Path) -> None:
    with pytest.raises(PictureError, match=r"gone\.png: cannot be read: No such file or directory$"):
        ask(teach(INVERT), {"gone": tmp_path / "gone.png"}, drawn)


def test_repeatability(teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path) -> None:
    command = teach(INVERT)
    ask(command, photos, drawn)
    runs(tmp_path)
    assert repeatability(command, photos, drawn, workers=2, timeout=60) == MAX_PSNR_DB
    assert runs(tmp_path) == ["one", "three", "two"]
    assert repeatability(command, photos, drawn, workers=2, timeout=60) == MAX_PSNR_DB
    assert runs(tmp_path) == []


def test_repeatability_of_random_answers(teach: Teach, photos: dict[str, Path], drawn: Path, tmp_path: Path) -> None:
    """Grey, then grey 12 levels lighter: 20 log10(255 / 12) dB. The photo whose second answer fails is left out."""
    first = f"level = 112 if Path({str(drawn / 'walks' / 'three.json')!r}).exists() else 100\n"
    command = teach(
        first + "if photo.stem == 'two' and level == 112: sys.exit(1)\n"
        "Image.new('RGB', picture.size, (level, level, level)).save(output)"
    )
    ask(command, photos, drawn, workers=1)
    found = repeatability(command, photos, drawn, workers=1, timeout=60)
    assert found == pytest.approx(20 * np.log10(255 / 12), abs=0.01)


def test_repeatability_asks_for_ten_of_those_answered(teach: Teach, tmp_path: Path, drawn: Path) -> None:
    photos = add_photos(tmp_path, *(f"{number:02}" for number in range(14)))
    command = teach(f"if photo.stem < '02': sys.exit(1)\n{INVERT}")
    assert len(ask(command, photos, drawn, workers=3)) == 2
    runs(tmp_path)
    assert repeatability(command, photos, drawn, workers=3, timeout=60) == MAX_PSNR_DB
    asked = runs(tmp_path)
    assert len(asked) == 10
    assert not {"00", "01"} & set(asked)


def test_no_second_answers_no_repeatability(teach: Teach, photos: dict[str, Path], drawn: Path) -> None:
    command = teach(f"if Path({str(drawn / 'two.json')!r}).exists(): sys.exit(1)\n{INVERT}")
    assert repeatability(command, photos, drawn, workers=2, timeout=60) is None  # nor first ones
    ask(command, {"two": photos["two"]}, drawn)
    assert repeatability(command, photos, drawn, workers=2, timeout=60) is None


@pytest.mark.parametrize(
    ("db", "words"),
    [
        (MAX_PSNR_DB, "answers the same each time (60 dB)"),
        (REPEATABLE_DB, "answers the same each time (40 dB)"),
        (36, "differs a little each time (36 dB): the style learns the mean"),
        (VARYING_DB, "differs a little each time (25 dB): the style learns the mean"),
        (18, "answers differently each time (18 dB): a style can learn only what its pictures have in common, "
             "expect a blur"),
    ],
)  # fmt: skip
def test_verdict_of_repeatability(db: float, words: str) -> None:
    assert verdict_of_repeatability(db) == words


def test_teacher_seconds(teach: Teach, photos: dict[str, Path], drawn: Path) -> None:
    assert teacher_seconds(drawn) is None
    ask(teach(INVERT), photos, drawn)
    for name, seconds in zip(photos, (2.5, 1.5, 70), strict=True):
        path = drawn / f"{name}.json"
        record = json.loads(path.read_text())
        assert 0 < record["seconds"] < DEADLINE
        path.write_text(json.dumps({**record, "seconds": seconds}))
    assert teacher_seconds(drawn) == 2.5
    ask(teach(INVERT), photos, drawn)  # keeps what was drawn, and its times
    assert teacher_seconds(drawn) == 2.5


def test_pictures_without_a_teacher_have_no_seconds(drawn: Path) -> None:
    drawn.mkdir(parents=True)
    (drawn / "one.json").write_text(json.dumps({"key": "0"}))
    (drawn / "two.json").write_text("[1]")
    assert teacher_seconds(drawn) is None
