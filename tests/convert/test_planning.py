"""Which file is written where, and what is refused before anything is written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from translate.convert.planning import Domain, Job, beside, domain_suffix, plan
from translate.errors import UserError


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with empty files."""
    monkeypatch.chdir(tmp_path)
    touch("a.jpg", "b.png", "trip/a.jpg", "trip/day/a.jpg", "trip/day/c.gif", "trip/notes.txt", "trip/.hidden/x.jpg")
    Path("empty").mkdir()
    return tmp_path


def touch(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def arrows(jobs: list[Job]) -> list[str]:
    return [f"{job.source} -> {job.output}".replace(os.sep, "/") for job in jobs]


def refusal(*inputs: str, output: str, **options: object) -> str:
    """The message with which a plan is refused."""
    with pytest.raises(UserError) as error:
        plan(inputs, output, **options)  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_file_to_a_file(here: Path) -> None:
    assert plan(["a.jpg"], "new.webp") == [Job(source=Path("a.jpg"), output=Path("new.webp"), format="WEBP")]
    assert plan(["a.jpg"], "new", format="png")[0].format == "PNG"


def test_a_file_to_a_folder(here: Path) -> None:
    assert arrows(plan(["a.jpg"], "new/")) == ["a.jpg -> new/a.jpg"]
    assert arrows(plan(["a.jpg"], "empty")) == ["a.jpg -> empty/a.jpg"]


def test_several_files(here: Path) -> None:
    assert arrows(plan(["b.png", "a.jpg"], "new")) == ["b.png -> new/b.png", "a.jpg -> new/a.jpg"]


def test_a_folder_flat_and_recursive(here: Path) -> None:
    assert arrows(plan(["trip"], "new")) == ["trip/a.jpg -> new/a.jpg"]
    assert arrows(plan(["trip"], "new", recursive=True)) == [
        "trip/a.jpg -> new/a.jpg",
        "trip/day/a.jpg -> new/day/a.jpg",
        "trip/day/c.gif -> new/day/c.png",
    ]


def test_patterns(here: Path) -> None:
    assert arrows(plan(["*.jpg"], "new")) == ["a.jpg -> new/a.jpg"]
    assert arrows(plan([str(here / "*.jpg")], "new")) == [f"{(here / 'a.jpg').as_posix()} -> new/a.jpg"]
    assert arrows(plan(["trip/**/c.*"], "new")) == ["trip/day/c.gif -> new/c.png"]
    touch("odd[1].jpg")
    assert arrows(plan(["odd[1].jpg"], "new/")) == ["odd[1].jpg -> new/odd[1].jpg"]
    assert "*.bmp: matches no picture or video" in refusal("*.bmp", output="new")


def test_format_and_suffix(here: Path) -> None:
    touch("c.JPEG", "d.jp2")
    planned = plan(["a.jpg", "b.png", "c.JPEG", "d.jp2"], "new", suffix="-cel")
    assert [job.output for job in planned] == [
        Path("new", n) for n in ("a-cel.jpg", "b-cel.png", "c-cel.JPEG", "d-cel.png")
    ]
    assert [job.format for job in planned] == ["JPEG", "PNG", "JPEG", "PNG"]
    planned = plan(["a.jpg", "b.png", "c.JPEG"], "new", format="jpg")
    assert [job.output for job in planned] == [Path("new", n) for n in ("a.jpg", "b.jpg", "c.JPEG")]
    assert {job.format for job in planned} == {"JPEG"}
    assert plan(["trip/day/c.gif"], "new/", format="gif")[0].output == Path("new/c.gif")


HAIR: list[Domain] = [("black",), ("blond hair",)]


def test_several_domains_name_the_outputs(here: Path) -> None:
    planned = plan(["a.jpg", "b.png"], "new", suffix="-v2", domains=HAIR)
    assert arrows(planned) == [
        "a.jpg -> new/a-v2_black.jpg",
        "a.jpg -> new/a-v2_blond_hair.jpg",
        "b.png -> new/b-v2_black.png",
        "b.png -> new/b-v2_blond_hair.png",
    ]
    assert [job.domain for job in planned] == HAIR * 2
    assert arrows(plan(["a.jpg"], "new.v2.webp", domains=HAIR)) == [
        "a.jpg -> new.v2_black.webp",
        "a.jpg -> new.v2_blond_hair.webp",
    ]


def test_one_domain_leaves_the_names(here: Path) -> None:
    for output in ("new/", "-"):
        (job,) = plan(["a.jpg"], output, domains=[("black", "young")])
        assert job == Job(
            source=Path("a.jpg"),
            output=None if output == "-" else Path("new/a.jpg"),
            format="JPEG",
            domain=("black", "young"),
        )


@pytest.mark.parametrize(
    ("domain", "addition"),
    [
        (("blond hair",), "_blond_hair"),
        (("../../etc",), "_.._.._etc"),
        (('a<b>:"c|d?*\\e\0\x1b\n',), "_a_b_c_d_e_"),
        (("C++", "Été-1.5", "雪"), "_C++_Été-1.5_雪"),
        ((), ""),
    ],
)
def test_domains_in_names_suit_every_file_system(domain: tuple[str, ...], addition: str) -> None:
    assert domain_suffix(domain) == addition


def test_domains_whose_names_clash(here: Path) -> None:
    message = refusal("a.jpg", output="new/", domains=[("blond hair",), ("Blond_hair",)])
    assert "a.jpg as blond hair and a.jpg as Blond_hair -> new/a_blond_hair.jpg" in message.replace(os.sep, "/")
    touch("a_black.jpg")
    message = refusal("a.jpg", "a_black.jpg", output="new/", domains=[("black_black",), ("black",)])
    assert "a.jpg as black_black and a_black.jpg as black -> " in message


def test_several_domains_on_a_stream(here: Path) -> None:
    for source, output in (("-", "new.png"), ("a.jpg", "-"), ("-", "-")):
        assert "takes one picture; name files for all_domains" in refusal(source, output=output, domains=HAIR)


def test_existing_outputs_of_some_domains(here: Path) -> None:
    touch("new/a_black.jpg")
    assert "new/a_black.jpg: exists" in refusal("a.jpg", output="new", domains=HAIR).replace(os.sep, "/")
    assert [job.skip for job in plan(["a.jpg"], "new", domains=HAIR, skip_existing=True)] == [True, False]


def test_results_of_domains_beside_the_photos_are_not_inputs_the_next_time(here: Path) -> None:
    touch("trip/a_black.jpg", "trip/a_blond_hair.jpg")
    planned = plan(["trip"], "trip", domains=HAIR, skip_existing=True)
    assert arrows(planned) == ["trip/a.jpg -> trip/a_black.jpg", "trip/a.jpg -> trip/a_blond_hair.jpg"]


def test_dots_in_names_and_folders(here: Path) -> None:
    touch("my.trip/photo.of.me.jpg")
    assert arrows(plan(["my.trip"], "new", suffix=".v2")) == ["my.trip/photo.of.me.jpg -> new/photo.of.me.v2.jpg"]


def test_streams(here: Path) -> None:
    assert plan(["-"], "new.png") == [Job(source=None, output=Path("new.png"), format="PNG")]
    assert plan(["a.jpg"], "-") == [Job(source=Path("a.jpg"), output=None, format="JPEG")]
    assert plan(["-"], "-") == [Job(source=None, output=None, format=None)]
    assert plan(["-"], "-", format="webp")[0].format == "WEBP"
    assert "takes one picture" in refusal("-", "a.jpg", output="new/")
    assert "takes one picture" in refusal("b.png", "a.jpg", output="-")
    assert "has no name" in refusal("-", output="new/")
    assert "trip: several pictures do not fit" in refusal("trip", output="-")


def test_output_inside_an_input_folder_is_not_an_input(here: Path) -> None:
    touch("trip/out/a.jpg", "trip/out/day/old.jpg")
    planned = plan(["trip"], "trip/out", recursive=True, overwrite=True)
    assert arrows(planned) == [
        "trip/a.jpg -> trip/out/a.jpg",
        "trip/day/a.jpg -> trip/out/day/a.jpg",
        "trip/day/c.gif -> trip/out/day/c.png",
    ]


def test_results_beside_the_photos_are_not_inputs_the_next_time(here: Path) -> None:
    touch("trip/a-cel.jpg", "trip/b-cel.jpg")
    planned = plan(["trip"], "trip", suffix="-cel", skip_existing=True)
    assert arrows(planned) == ["trip/a.jpg -> trip/a-cel.jpg", "trip/b-cel.jpg -> trip/b-cel-cel.jpg"]
    assert [job.skip for job in planned] == [True, False]


def test_missing_and_empty(here: Path) -> None:
    assert refusal("none.jpg", output="new/") == "none.jpg: no such file or folder"
    assert refusal("none.jpg", output="new.jpg") == "none.jpg: no such file or folder"
    message = refusal("empty", output="new")
    assert message.startswith("empty: holds no picture or video (.3gp, .apng, .avi, .avif, .avifs, .bmp")
    assert "recursive looks in its subfolders" in message
    assert "-r" not in refusal("empty", output="new", recursive=True)


def test_two_inputs_for_one_output(here: Path) -> None:
    message = refusal("a.jpg", "trip/a.jpg", output="new")
    assert "a.jpg and trip/a.jpg -> new/a.jpg" in message.replace(os.sep, "/")
    touch("both/x.gif", "both/x.png")
    assert "x.gif and both/x.png" in refusal("both", output="new").replace(os.sep, "/")


def test_outputs_that_differ_only_in_case_or_composition(here: Path) -> None:
    touch("one/Photo.jpg", "two/photo.JPG", "one/\u00e9.jpg", "two/e\u0301.jpg")
    assert "photo.JPG" in refusal("one/Photo.jpg", "two/photo.JPG", output="new")
    assert "several inputs would become one file" in refusal("one/\u00e9.jpg", "two/e\u0301.jpg", output="new")


def test_many_offenders_are_counted(here: Path) -> None:
    names = [f"many/{index}.jpg" for index in range(9)]
    touch(*names)
    message = refusal("many", output="many")
    assert "many/4.jpg and 4 more" in message.replace(os.sep, "/")


@pytest.mark.parametrize("flags", [{}, {"overwrite": True}, {"skip_existing": True}])
def test_an_input_is_never_overwritten(here: Path, flags: dict[str, bool]) -> None:
    assert "an input would be overwritten" in refusal("a.jpg", output="a.jpg", **flags)
    assert "an input would be overwritten" in refusal("trip", output="trip", recursive=True, **flags)
    assert "an input would be overwritten" in refusal("a.jpg", output="./trip/../a.jpg", **flags)


def test_an_input_is_not_overwritten_through_a_link(here: Path) -> None:
    Path("empty/a.jpg").symlink_to(here / "a.jpg")
    assert "an input would be overwritten" in refusal("a.jpg", output="empty", overwrite=True)


def test_existing_outputs(here: Path) -> None:
    touch("new/a.jpg")
    message = refusal("a.jpg", "b.png", output="new")
    assert message.replace(os.sep, "/") == "new/a.jpg: exists already; use overwrite or skip_existing"
    assert [job.skip for job in plan(["a.jpg", "b.png"], "new", overwrite=True)] == [False, False]
    assert [job.skip for job in plan(["a.jpg", "b.png"], "new", skip_existing=True)] == [True, False]
    assert "exclude each other" in refusal("a.jpg", output="new", overwrite=True, skip_existing=True)


def test_outputs_without_a_place(here: Path) -> None:
    assert "b.png is a file, not a folder" in refusal("a.jpg", output="b.png/")
    assert "b.png is a file, not a folder" in refusal("trip", output="b.png/deep", recursive=True)
    assert "several pictures do not fit in one file" in refusal("a.jpg", "b.png", output="new.jpg")
    assert "several pictures do not fit in one file" in refusal("trip", output="new.jpg")


def test_outputs_without_a_format(here: Path) -> None:
    assert "output new: its suffix is not a known format (.jpg, .png" in refusal("a.jpg", output="new")
    assert "output new.xyz" in refusal("a.jpg", output="new.xyz")
    assert "says jpeg" in refusal("a.jpg", output="new.jpg", format="png")
    assert "'doc' is not a format" in refusal("a.jpg", output="new/", format="doc")


def test_suffix_needs_a_folder_and_has_no_slash(here: Path) -> None:
    assert "suffix -x: needs an output folder, but output" in refusal("a.jpg", output="new.jpg", suffix="-x")
    assert "without slashes" in refusal("a.jpg", output="new/", suffix="/../x")


def test_planning_writes_nothing(here: Path) -> None:
    before = sorted(here.rglob("*"))
    plan(["trip"], "new/deep", recursive=True)
    assert sorted(here.rglob("*")) == before


def kinds(jobs: list[Job]) -> list[str]:
    return [job.kind for job in jobs]


def test_videos(here: Path) -> None:
    touch("trip/film.MP4", "trip/day/b.webm", "trip/day/old.avi", "trip/day/.film.mp4.parts/000000.npz")
    planned = plan(["trip"], "new", recursive=True, format="jpg", suffix="-cel")
    assert arrows(planned) == [
        "trip/a.jpg -> new/a-cel.jpg",
        "trip/day/a.jpg -> new/day/a-cel.jpg",
        "trip/day/b.webm -> new/day/b-cel.webm",
        "trip/day/c.gif -> new/day/c-cel.jpg",
        "trip/day/old.avi -> new/day/old-cel.mkv",
        "trip/film.MP4 -> new/film-cel.MP4",
    ]
    assert kinds(planned) == ["picture", "picture", "video", "picture", "video", "video"]
    assert [job.format for job in planned if job.kind == "video"] == [None] * 3
    assert arrows(plan(["trip/day/*.avi"], "new")) == ["trip/day/old.avi -> new/old.mkv"]
    assert arrows(plan(["trip/film.MP4", "a.jpg"], "new")) == ["trip/film.MP4 -> new/film.MP4", "a.jpg -> new/a.jpg"]
    assert arrows(plan(["trip/film.MP4"], "new/", domains=HAIR)) == [
        "trip/film.MP4 -> new/film_black.MP4",
        "trip/film.MP4 -> new/film_blond_hair.MP4",
    ]


def test_a_video_to_a_file(here: Path) -> None:
    touch("film.mp4", "old.avi")
    (job,) = plan(["film.mp4"], "new.mkv", format="png")
    assert job == Job(source=Path("film.mp4"), output=Path("new.mkv"), format=None, kind="video")
    assert "output new.jpg: film.mp4 is a video; end its name with .mp4" in refusal("film.mp4", output="new.jpg")
    assert "film.mp4: a video does not go to standard output" in refusal("film.mp4", output="-")
    assert "several pictures do not fit in one file" in refusal("film.mp4", "old.avi", output="new.mp4")
    assert "new.mp4: its suffix is not a known format" in refusal("a.jpg", output="new.mp4")
    assert beside(["film.mp4"], "-cel", "png") == "film-cel.mp4"
    assert beside(["old.avi"], "-cel", None) == "old-cel.mkv"


def test_inputs_that_would_become_one_file_are_numbered_on_request(here: Path) -> None:
    touch("both/x.gif", "both/x.png", "both/x-2.png", "both/X.jpg")
    assert "on_clash number tells them apart" in refusal("both", output="new", format="png")
    planned = plan(["both"], "new", format="png", on_clash="number")
    assert arrows(planned) == [
        "both/X.jpg -> new/X.png",
        "both/x-2.png -> new/x-2.png",
        "both/x.gif -> new/x-3.png",
        "both/x.png -> new/x-4.png",
    ]
    assert [job.skip for job in plan(["both"], "new", format="png", on_clash="number", skip_existing=True)] == [
        False
    ] * 4
    planned = plan(["a.jpg", "trip/a.jpg"], "new", domains=HAIR, on_clash="number")
    assert [job.output for job in planned] == [
        Path("new", name) for name in ("a_black.jpg", "a_blond_hair.jpg", "a_black-2.jpg", "a_blond_hair-2.jpg")
    ]


def test_a_picture_of_unknown_suffix_keeps_the_format_of_its_content(here: Path) -> None:
    Image.new("RGB", (4, 4)).save("photo", "JPEG")
    Image.new("RGB", (4, 4)).save("other.dat", "PNG")
    assert arrows(plan(["photo", "other.dat"], "new")) == ["photo -> new/photo.jpg", "other.dat -> new/other.png"]
    assert beside(["photo"], "-cel", None) == "photo-cel.jpg"


def test_two_videos_for_one_output(here: Path) -> None:
    touch("both/x.avi", "both/x.mkv")
    assert "x.avi and both/x.mkv" in refusal("both", output="new").replace(os.sep, "/")


def animated(name: str) -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "green")]
    frames[0].save(name, save_all=True, append_images=frames[1:])


def test_animations_stay_animations_where_their_format_can_hold_them(here: Path) -> None:
    Path("moving").mkdir()
    for name in ("a.gif", "b.png", "c.webp", "d.avif"):
        animated(f"moving/{name}")
        Image.new("RGB", (4, 4)).save(f"moving/still-{name}")
    planned = plan(["moving"], "new")
    assert [job.output for job in planned] == [
        Path("new", name)
        for name in (
            *("a.gif", "b.png", "c.webp", "d.avif"),
            *("still-a.png", "still-b.png", "still-c.webp", "still-d.avif"),
        )
    ]
    assert [job.format for job in planned] == ["GIF", "PNG", "WEBP", "AVIF", "PNG", "PNG", "WEBP", "AVIF"]
    assert kinds(planned) == ["animation"] * 4 + ["picture"] * 4
    assert kinds(plan(["moving"], "new", format="webp")) == ["animation"] * 4 + ["picture"] * 4
    assert kinds(plan(["moving"], "new", format="tif")) == ["picture"] * 8
    (job,) = plan(["moving/a.gif"], "new.webp")
    assert job == Job(source=Path("moving/a.gif"), output=Path("new.webp"), format="WEBP", kind="animation")
    assert kinds(plan(["moving/a.gif"], "new.jpg")) == ["picture"]
    (job,) = plan(["moving/a.gif"], "-")
    assert job == Job(source=Path("moving/a.gif"), output=None, format="PNG")
    assert plan(["moving/a.gif"], beside(["moving/a.gif"], "-cel", None))[0].kind == "animation"


@pytest.mark.skipif(os.name == "nt", reason="needs links and long names")
def test_one_odd_file_stops_no_other(here: Path) -> None:
    """A name that becomes too long, a broken link, circular links: running the job reports the problem."""
    long = "x" * 251
    touch(f"odd/{long}.png")
    for name, target in {"loop.png": "loop.png", "dangling.png": "nowhere"}.items():
        Path("odd", name).symlink_to(target)
    planned = arrows(plan(["odd"], "new", format="webp"))
    assert planned == [f"odd/{name}.png -> new/{name}.webp" for name in ("dangling", "loop", long)]
    Path("circle").symlink_to("circle")
    assert arrows(plan(["odd"], "circle", suffix="-cel", recursive=True))[0] == (
        "odd/dangling.png -> circle/dangling-cel.png"
    )
