"""Malicious ONNX files are refused in one line, before onnxruntime sees them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper

from tests.helpers.command_line import RunCli
from tests.helpers.styles import style_info, write_style
from translate.errors import ExitCode, UnusableError
from translate.evaluate.extractors import build_extractor
from translate.style import onnx_check as model_check
from translate.style.catalogue import FOLDERS
from translate.style.onnx_check import check_model
from translate.style.session import read_style

EXTERNAL, OPERATOR, LOOP = "tensors in other files", "an operator that is not ONNX's own", "has a loop"


def secret(name: str = "secret") -> TensorProto:
    """A tensor that would be read from one of the user's files."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "../../../etc/passwd"), ("offset", "0"), ("length", "4")):
        tensor.external_data.add(key=key, value=value)
    return tensor


def branch(*nodes: NodeProto, initializers: Iterable[TensorProto] = ()) -> GraphProto:
    outputs = [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, [1])]
    return helper.make_graph(list(nodes), "branch", [], outputs, list(initializers))


def constant() -> NodeProto:
    return helper.make_node("Constant", [], ["c"], value_floats=[1.0])


def choose(taken: GraphProto) -> NodeProto:
    return helper.make_node("If", ["condition"], ["chosen"], then_branch=branch(constant()), else_branch=taken)


def external_initializer(model: ModelProto) -> None:
    model.graph.initializer.append(secret())


def external_without_a_location(model: ModelProto) -> None:
    model.graph.initializer.append(TensorProto(name="t", dims=[1], data_location=TensorProto.EXTERNAL))


def external_that_denies_it(model: ModelProto) -> None:
    tensor = secret()
    tensor.data_location = TensorProto.DEFAULT
    model.graph.initializer.append(tensor)


def external_sparse_initializer(model: ModelProto) -> None:
    model.graph.sparse_initializer.add(values=secret("values"), indices=secret("indices"), dims=[8])


def external_constant(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Constant", [], ["read"], value=secret()))


def external_in_a_list(model: ModelProto) -> None:
    model.graph.node.add(op_type="Constant").attribute.add(
        name="values", type=AttributeProto.TENSORS, tensors=[secret()]
    )


def external_in_a_branch(model: ModelProto) -> None:
    inner = branch(helper.make_node("Identity", ["secret"], ["c"]), initializers=[secret()])
    model.graph.node.append(choose(branch(choose(inner))))


def custom_operator(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("Run\x1b[2J", ["image"], ["done"], domain="com.evil"))


def operator_of_onnxruntime(model: ModelProto) -> None:
    model.graph.node.append(helper.make_node("EPContext", [], ["done"], domain="com.microsoft", ep_cache_context="x"))


def custom_operator_in_a_branch(model: ModelProto) -> None:
    model.graph.node.append(choose(branch(helper.make_node("Run", [], ["c"], domain="com.evil"))))


def endless_loop(model: ModelProto) -> None:
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        ],
        [helper.make_tensor_value_info("on", TensorProto.BOOL, [])],
    )
    model.graph.node.append(helper.make_node("Loop", ["", "true"], [], body=body))


def function_of_its_own(model: ModelProto) -> None:
    model.functions.append(
        helper.make_function(
            "", "Round", ["x"], ["y"], [helper.make_node("Neg", ["x"], ["y"])], [helper.make_opsetid("", 18)]
        )
    )


def graph_for_training(model: ModelProto) -> None:
    model.training_info.add().algorithm.initializer.append(secret())


HARM: list[tuple[Callable[[ModelProto], None], str]] = [
    (external_initializer, EXTERNAL),
    (external_without_a_location, EXTERNAL),
    (external_that_denies_it, EXTERNAL),
    (external_sparse_initializer, EXTERNAL),
    (external_constant, EXTERNAL),
    (external_in_a_list, EXTERNAL),
    (external_in_a_branch, EXTERNAL),
    (custom_operator, OPERATOR),
    (operator_of_onnxruntime, OPERATOR),
    (custom_operator_in_a_branch, OPERATOR),
    (endless_loop, LOOP),
    (function_of_its_own, "contains functions"),
    (graph_for_training, "contains functions"),
]
each_harm = pytest.mark.parametrize(("harm", "told"), HARM, ids=[harm.__name__ for harm, _ in HARM])


def harmful(style: Path, harm: Callable[[ModelProto], None]) -> bytes:
    model = onnx.load(style)
    harm(model)
    return model.SerializeToString()


def harm_alone(harm: Callable[[ModelProto], None]) -> bytes:
    model = ModelProto()
    harm(model)
    return model.SerializePartialToString()


def refusal(path: Path) -> str:
    with pytest.raises(UnusableError) as error:
        check_model(path)
    told = str(error.value)
    assert told.startswith(f"{path}: ") and told.isprintable()
    assert error.value.exit_code == ExitCode.UNUSABLE
    return told


@each_harm
def test_harmful_files_are_refused_before_onnxruntime_sees_them(
    tmp_path: Path,
    tiny_style: Path,
    harm: Callable[[ModelProto], None],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*arguments: object, **options: object) -> None:
        raise AssertionError("onnxruntime was asked")

    path = tmp_path / "evil.onnx"
    path.write_bytes(harmful(tiny_style, harm))
    assert told in refusal(path)
    monkeypatch.setattr(onnxruntime, "InferenceSession", never)
    with pytest.raises(UnusableError, match=told):
        read_style(path)


@each_harm
def test_harm_merged_into_a_good_file(
    tmp_path: Path, tiny_style: Path, harm: Callable[[ModelProto], None], told: str
) -> None:
    """Protobuf merges messages that occur twice in a file."""
    path = tmp_path / "evil.onnx"
    path.write_bytes(tiny_style.read_bytes() + harm_alone(harm))
    assert told in refusal(path)


@pytest.mark.parametrize("node", [helper.make_node("Run", [], [], domain="evil"), helper.make_node("Loop", [], [])])
def test_names_that_seem_to_be_overridden(tmp_path: Path, node: NodeProto) -> None:
    """Protobuf ignores a number where a name belongs: it does not replace the name."""
    path = tmp_path / "evil.onnx"
    content = node.SerializeToString() + b"\x20\x00\x38\x00"  # fields 4 and 7 once more, as numbers
    graph = b"\x0a" + bytes([len(content)]) + content
    path.write_bytes(b"\x3a" + bytes([len(graph)]) + graph)
    found = onnx.load(path, load_external_data=False).graph.node[0]
    assert (found.op_type, found.domain) == (node.op_type, node.domain)
    refusal(path)


def test_untrusted_names_are_escaped(tmp_path: Path, tiny_style: Path) -> None:
    path = tmp_path / "evil.onnx"
    path.write_bytes(harmful(tiny_style, custom_operator))
    assert r"com.evil.Run\x1b[2J" in refusal(path)


def test_weights_beside_the_file(tmp_path: Path, tiny_style: Path) -> None:
    path = tmp_path / "two.onnx"
    onnx.save(onnx.load(tiny_style), path, save_as_external_data=True, location="two.bin", size_threshold=0)
    assert "a style is one file" in refusal(path)


def test_a_choice_between_harmless_branches(tmp_path: Path, tiny_style: Path) -> None:
    path = tmp_path / "style.onnx"
    path.write_bytes(harmful(tiny_style, lambda model: model.graph.node.append(choose(branch(constant())))))
    check_model(path)


@pytest.mark.parametrize(
    "path", [path for folder in FOLDERS for path in folder.glob("*.onnx")], ids=lambda path: path.stem
)
def test_shipped_styles_pass(path: Path) -> None:
    check_model(path)


def test_files_that_are_not_onnx(tmp_path: Path, tiny_style: Path) -> None:
    path = tmp_path / "style.onnx"
    content = tiny_style.read_bytes()
    for wrong in (b"", b"\x80\x04pickle", b"PK\x03\x04", b"\x0b" * 50, b"\xff" * 50, content[:-1], content[:1000]):
        path.write_bytes(wrong)
        assert "cannot be loaded as ONNX" in refusal(path)
    ort = tmp_path / "style.ORT"
    ort.write_bytes(content)
    assert "onnxruntime's own format" in refusal(ort)
    assert "cannot be loaded as ONNX: No such file" in refusal(tmp_path / "none.onnx")


@pytest.mark.parametrize("place", ["metadata", "description", "description of a node", "description of a tensor"])
def test_text_is_bounded_as_a_whole(
    tmp_path: Path, tiny_style: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also that of keys which nobody reads: onnxruntime would hold several copies of it."""
    model = onnx.load(tiny_style)
    for number in range(4):
        if place == "metadata":
            model.metadata_props.add(key=f"unknown{number}", value="x" * 30_000)
        else:
            part = {"description": model, "description of a node": model.graph.node[number]}.get(place)
            (part or model.graph.initializer[0]).doc_string += "x" * 30_000
    path = tmp_path / "long.onnx"
    onnx.save(model, path)
    check_model(path)
    monkeypatch.setattr(model_check, "MAX_TEXT", 100_000)
    with pytest.raises(UnusableError, match=r"long\.onnx: has more than .* MB of metadata and names"):
        check_model(path)
    check_model(tiny_style)


def test_too_large(tmp_path: Path, tiny_style: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.onnx"
    with path.open("wb") as file:
        file.truncate(model_check.MAX_BYTES + 1)  # a hole: it takes no space
    assert "has 1000 MB, more than 1000" in refusal(path)
    monkeypatch.setattr(model_check, "MAX_FIELDS", 500)
    path.write_bytes(tiny_style.read_bytes() + b"\x08\x0a" * 500)
    assert "has more than 500 parts" in refusal(path)


def test_damaged_files_are_read_as_protobuf_reads_them(tmp_path: Path) -> None:
    """In randomly changed files, this finds whatever harm onnx finds, and raises no other errors."""
    rng = random.Random(0)
    path = tmp_path / "damaged.onnx"
    originals = [harm_alone(harm) for harm, _ in HARM]
    harmless = harmed = 0
    for _ in range(2000):
        content = bytearray(rng.choice(originals))
        for _ in range(rng.choice([1, 1, 2, 8])):
            content[rng.randrange(len(content))] = rng.choice([rng.randrange(256), 0, 1, 0x6A, 0x70])
        path.write_bytes(content)
        try:
            model = onnx.load_model_from_string(bytes(content))
        except DecodeError:
            model = None
        if model is not None and dangers(model):
            harmed += 1
            refusal(path)
            continue
        try:
            check_model(path)
        except UnusableError:
            continue
        harmless += 1
    assert harmed > 500 and harmless > 100


def dangers(model: ModelProto) -> list[str]:
    """What `check_model` has to refuse, found by protobuf's own reader."""
    text = str(model)
    operators = re.findall(r'^\s*op_type: "(\w+)"', text, re.MULTILINE)
    domains = re.findall(r'^\s*domain: "(.*)"', re.sub(r"opset_import \{[^}]*\}", "", text), re.MULTILINE)
    return [
        *(["external"] if "external_data {" in text or "data_location: EXTERNAL" in text else []),
        *(name for name in operators if name in ("Loop", "Scan", "SequenceMap")),
        *(name for name in domains if name not in ("", "ai.onnx")),
        *(["function"] if model.functions or model.training_info else []),
    ]


def test_the_commands_refuse_in_one_line(run_cli: RunCli, tmp_path: Path, tiny_style: Path, photo: Path) -> None:
    path = tmp_path / "evil.onnx"
    path.write_bytes(harmful(tiny_style, external_constant))
    for command in (
        ("convert", photo, "--style", path),
        ("convert", photo, "--style", path, "--dry-run"),
        ("models", "info", path),
    ):
        done = run_cli(*command)
        assert done.code == ExitCode.UNUSABLE
        assert done.err.count("\n") == 1 and EXTERNAL in done.err
    assert not photo.with_name("photo-evil.jpg").exists()


def test_the_network_of_an_evaluation(tmp_path: Path, tiny_style: Path) -> None:
    path = tmp_path / "features.onnx"
    path.write_bytes(harmful(tiny_style, external_initializer))
    with pytest.raises(UnusableError, match=EXTERNAL):
        build_extractor(str(path), device="cpu")


def test_metadata_that_is_not_text(run_cli: RunCli, tmp_path: Path, tiny_style: Path) -> None:
    path = tmp_path / "style.onnx"
    path.write_bytes(tiny_style.read_bytes().replace(b"Tiny", b"\xff\xfe\xc0\x80"))
    done = run_cli("models", "info", path)
    assert done.code == ExitCode.UNUSABLE
    assert done.err.count("\n") == 1 and "Traceback" not in done.err


def test_metadata_stays_text(run_cli: RunCli, tmp_path: Path, photo: Path) -> None:
    names = ["../../../evil", "/etc/evil", "a\x1b[2J\nb", "[red]b[/red]", "\u202egnp", ".."]
    style = write_style(tmp_path / "evil.onnx", info=style_info(title="T\x1b]0;\a\n[blink]", domains=names))
    (below := tmp_path / "below").mkdir()
    done = run_cli("convert", photo, "--style", style, "--all-domains", "-o", below, "--verbose")
    assert done.code == ExitCode.OK
    assert {path.parent for path in tmp_path.rglob("*.jpg")} == {tmp_path, below}
    assert len(list(below.iterdir())) == len(names)
    told = [done, run_cli("models", "info", style), run_cli("convert", photo, "--style", style, "--domain", "c")]
    assert [one.code for one in told] == [ExitCode.OK, ExitCode.OK, ExitCode.USAGE]
    for one in told:
        assert (one.out.decode() + one.err).replace("\n", "").isprintable()
    assert told[-1].err.count("\n") == 1 and r"a\x1b[2J b, [red]b[/red], \u202egnp, .." in told[-1].err


def answering(path: Path, output: list[str | int | None], *nodes: NodeProto) -> Path:
    """A style that only seems to keep the contract: ``nodes`` compute its output from the correct one."""
    model = onnx.load(write_style(path))
    last = model.graph.node[-1]
    assert last.output[0] == "image_out"
    last.output[0] = "right"
    model.graph.node.extend(nodes)
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info("image_out", TensorProto.UINT8, output))
    onnx.save(model, path)
    return path


def test_a_style_that_returns_another_shape(run_cli: RunCli, tmp_path: Path, photo: Path) -> None:
    mirrored = helper.make_node("Transpose", ["right"], ["image_out"], perm=[0, 2, 1, 3])
    path = answering(tmp_path / "lying.onnx", ["N", "H", "W", 3], mirrored)
    done = run_cli("convert", photo, "--style", path, "-o", tmp_path / "out.jpg")
    assert done.code in (ExitCode.SOME_FAILED, ExitCode.UNUSABLE)
    assert "returns uint8 (1, 61, 47, 3) for (1, 47, 61, 3)" in done.err
    assert "Traceback" not in done.err and not (tmp_path / "out.jpg").exists()


def test_a_style_that_wants_more_memory_than_there_is(run_cli: RunCli, tmp_path: Path, photo: Path) -> None:
    counts = helper.make_tensor(
        "counts", TensorProto.INT64, [4], np.array([1 << 20, 1 << 20, 1, 1]).tobytes(), raw=True
    )
    nodes = (
        helper.make_node("Constant", [], ["counts"], value=counts),
        helper.make_node("Tile", ["right", "counts"], ["image_out"]),
    )
    path = answering(tmp_path / "hungry.onnx", ["N", "H", "W", 3], *nodes)
    done = run_cli("convert", photo, "--style", path, "-o", tmp_path / "out.jpg")
    assert done.code == ExitCode.SOME_FAILED
    assert re.search(r"failed: .*61 x 47 pixels cannot be translated", done.err)
    assert "Traceback" not in done.err and not (tmp_path / "out.jpg").exists()
