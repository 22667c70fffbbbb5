"""`translate train METHOD`: a subcommand per method, with options generated from the method's configuration class."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from translate.commands.terminal import HelpAtTheTop, flag, quiet_onnxruntime
from translate.config import CONFIGS, PANELS, TrainConfig

train_app = typer.Typer(
    help="Train a translation on your own folders; repeating the command resumes.", no_args_is_help=True
)


def train_command(config_class: type[TrainConfig]) -> Callable[..., None]:
    """The command that trains the method of ``config_class``, with an option per setting."""

    def command(*, preset: str | None, config: Path | None, **given: Any) -> None:
        settings = config_class.resolve(given, preset=preset, file=config)
        from translate.train.loop import train

        quiet_onnxruntime()
        train(settings)

    hints = typing.get_type_hints(config_class)
    annotations: dict[str, Any] = {}
    for spec in _by_panel(config_class):
        annotations[spec.name] = _option(spec, hints[spec.name])
        if spec.name == "out":
            annotations |= _sources_of_settings(config_class)
    command.__doc__ = inspect.getdoc(config_class)
    command.__annotations__ = annotations
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
            for name, annotation in annotations.items()
        ]
    )
    return command


def _by_panel(config_class: type[TrainConfig]) -> list[Field[Any]]:
    """The settings, sorted by panel; in the first one the method's own, its training data, come first."""
    common = {spec.name for spec in fields(TrainConfig)}

    def place(spec: Field[Any]) -> tuple[int, bool]:
        panel = PANELS.index(spec.metadata["panel"])
        return panel, panel == 0 and spec.name in common

    return sorted(fields(config_class), key=place)


def _sources_of_settings(config_class: type[TrainConfig]) -> dict[str, Any]:
    """The options that are not settings themselves."""
    presets = ", ".join(config_class.presets)
    return {
        "preset": Annotated[
            str | None, typer.Option(help=f"settings to start from: {presets}", rich_help_panel=PANELS[0])
        ],
        "config": Annotated[
            Path | None,
            typer.Option(help="TOML file of settings; command-line options override it", rich_help_panel=PANELS[0]),
        ],
    }


def _option(spec: Field[Any], kind: Any) -> Any:
    """The option of one setting; it defaults to None, so that only given options override file and preset."""
    help_text, panel = spec.metadata["help"], spec.metadata["panel"]
    default = spec.default
    if default is not MISSING and default is not None and default != "":
        shown = " ".join(f"{part:g}" for part in default) if isinstance(default, tuple) else default
        help_text += f" \\[default: {shown}]"
    if kind is dict:
        kind = list[str]
    name = flag(spec.name)
    if kind is bool:
        name = f"{name}/--no-{name[2:]}"
    return Annotated[kind | None, typer.Option(name, help=help_text, rich_help_panel=panel)]


for method, config_class in CONFIGS.items():
    train_app.command(method, cls=HelpAtTheTop)(train_command(config_class))
