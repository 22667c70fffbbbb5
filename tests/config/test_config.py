import json
from pathlib import Path

import pytest

from translate.config import CONFIGS, Pix2PixConfig, parse_options
from translate.errors import UserError


def resolve(**given: object) -> Pix2PixConfig:
    return Pix2PixConfig.resolve({"data": Path("pairs"), "out": Path("run")} | given)


def test_defaults_are_the_papers() -> None:
    config = resolve()
    assert (config.lr, config.beta1, config.beta2, config.lambda_l1) == (2e-4, 0.5, 0.999, 100)
    assert (config.batch_size, config.epochs, config.crop, config.schedule) == (1, 200, 256, "linear")


def test_command_line_overrides_file_overrides_preset(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text(
        'lr = 0.5\nbatch-size = 3\nobjective = "hinge"\nscale = [0.5, 2]\n[generator_options]\nsize = 128\n'
    )
    given = {"data": Path("pairs"), "out": Path("run"), "lr": 0.25}
    config = Pix2PixConfig.resolve(given, preset="filter", file=file)
    assert config.lr == 0.25
    assert config.batch_size == 3
    assert config.objective == "hinge"
    assert config.scale == (0.5, 2.0)
    assert config.generator_options == {"size": 128}
    assert config.generator == "mobile"  # the preset's


def test_all_problems_are_named_together() -> None:
    with pytest.raises(UserError) as caught:
        resolve(crop=0, lr=-1.0, a=Path("a"), gan_start=2.0, direction="up")
    # a value of the wrong kind stops before the limits are looked at
    assert "direction up: choose one of AtoB, BtoA" in str(caught.value)
    with pytest.raises(UserError) as caught:
        resolve(crop=0, lr=-1.0, a=Path("a"), gan_start=2.0)
    for flag in ("crop 0", "lr -1.0", "data DIR", "gan_start 2.0"):
        assert flag in str(caught.value)


def test_unknown_settings_and_presets_are_named(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("learning_rate = 1.0\n")
    with pytest.raises(UserError, match="unknown setting 'learning_rate'"):
        Pix2PixConfig.resolve({"data": Path("p"), "out": Path("r")}, file=file)
    with pytest.raises(UserError, match="preset best: pix2pix knows paper, light, filter"):
        Pix2PixConfig.resolve({}, preset="best")
    for name, kind in (("run.toml", "TOML"), ("run.json", "JSON")):
        (tmp_path / name).write_text("lr = = 1\n")
        with pytest.raises(UserError, match=f"{name}: cannot be read as {kind}"):
            Pix2PixConfig.resolve({}, file=tmp_path / name)


@pytest.mark.parametrize(("name", "text"), [("run.toml", "scale = {}"), ("run.json", '{{"scale": {}}}')])
@pytest.mark.parametrize("depth", [100, 100_000])
def test_nested_brackets_are_one_line(tmp_path: Path, name: str, text: str, depth: int) -> None:
    (tmp_path / name).write_text(text.format("[" * depth + "]" * depth))
    with pytest.raises(UserError, match=f"{name}: cannot be read as .*: more than 50 brackets inside each other"):
        Pix2PixConfig.resolve({}, file=tmp_path / name)
    assert parse_options(["size=" + "[" * depth]) == {"size": "[" * depth}


DATA: dict[str, dict[str, object]] = {
    "pix2pix": {"data": Path("pairs")},
    "stargan": {"domains": Path("domains")},
    "gan": {"images": Path("faces")},
    "sequence": {"captions": Path("captions.csv")},
    "cgan": {"images": Path("faces"), "classes": True},
}


@pytest.mark.parametrize(("method", "preset"), [(name, preset) for name in CONFIGS for preset in CONFIGS[name].presets])
def test_presets_are_valid(method: str, preset: str) -> None:
    data = DATA.get(method, {"a": Path("a"), "b": Path("b")})
    assert CONFIGS[method].resolve(data | {"out": Path("run")}, preset=preset).preset == preset


@pytest.mark.parametrize("method", [name for name in CONFIGS if name not in ("glo", "gon")])  # without a discriminator
def test_every_method_has_the_papers_preset_and_one_for_a_processor(method: str) -> None:
    assert {"paper", "light"} <= CONFIGS[method].presets.keys()


def test_a_file_may_name_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('preset = "light"\nbatch-size = 3\n')
    given = {"data": Path("pairs"), "out": Path("run")}
    config = Pix2PixConfig.resolve(given, file=file)
    assert (config.preset, config.generator, config.batch_size) == ("light", "mobile", 3)
    assert Pix2PixConfig.resolve(given, preset="filter", file=file).crop == 224
    file.write_text("preset = 5\n")
    with pytest.raises(UserError, match="preset 5: has to be of type str"):
        Pix2PixConfig.resolve(given, file=file)


def test_the_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "run.toml").write_text('data = "~/pairs"\n')
    config = Pix2PixConfig.resolve({"out": Path("~/runs/1")}, file=Path("~/run.toml"))
    assert (config.data, config.out) == (tmp_path / "pairs", tmp_path / "runs" / "1")


def test_another_preset_on_a_run_is_named_not_its_settings() -> None:
    given = {"data": Path("pairs"), "out": Path("run")}
    saved = Pix2PixConfig.resolve(given, preset="light").to_dict()
    assert Pix2PixConfig.resolve(given).changes_that_break_resume(saved) == ["<preset> is none, the run has light"]
    painted = Pix2PixConfig.resolve(given | {"seed": 3}, preset="painted")
    assert painted.changes_that_break_resume(saved) == [
        "<preset> is painted, the run has light",
        "<seed> is 3, the run has 0",
    ]
    del saved["preset"]  # a run from before it was saved
    assert painted.changes_that_break_resume(saved)[0] == "<preset> is painted, the run has light"
    saved["lr"] = 0.5
    assert painted.changes_that_break_resume(saved)[0] == "<preset> is painted, the run has none"


def test_saved_settings_come_back_equal() -> None:
    config = resolve(generator_options=["blocks=6", "norm=batch"], scale=(0.5, 1.0))
    saved = json.loads(json.dumps(config.to_dict()))
    assert saved.pop("method") == "pix2pix"
    assert Pix2PixConfig.from_dict(saved) == config


def test_only_changes_that_break_a_resume_are_named() -> None:
    saved = resolve().to_dict()
    assert resolve(steps=7, workers=0, save_every=5, working_size=768).changes_that_break_resume(saved) == []
    changes = resolve(lr=0.1, generator="resnet").changes_that_break_resume(saved)
    assert len(changes) == 2
    assert any("<lr> is 0.1, the run has 0.0002" in change for change in changes)
    assert any("<generator> is resnet, the run has unet" in change for change in changes)


def test_options_are_read_as_json_or_text() -> None:
    assert parse_options(["blocks=6", "norm=batch", "dilations=[1,2]", "spectral-norm=true"]) == {
        "blocks": 6,
        "norm": "batch",
        "dilations": [1, 2],
        "spectral_norm": True,
    }
    with pytest.raises(ValueError, match="'blocks' is not of the form key=value"):
        parse_options(["blocks"])


def test_length_counts_epochs_or_steps() -> None:
    assert resolve(epochs=3, batch_size=4).total_steps(10) == 6
    assert resolve(epochs=3, batch_size=4).total_steps(10, processes=2) == 3
    assert resolve(steps=5).total_steps(10) == 5
