"""`translate train METHOD`: a subcommand per method, with options generated from the method's configuration class."""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from translate.commands.terminal import Command, Verbosity, flag, quiet_onnxruntime, say, warn
from translate.config import CONFIGS, PANELS, TrainConfig
from translate.errors import ExitCode, UserError

STOPPED = (ExitCode.SOME_FAILED, ExitCode.INTERRUPTED)  # of errors after which there may be something to use


class TrainCommand(Command):
    report_panel = "Run"


train_app = typer.Typer(
    help="Train a translation on your own folders; repeating the command resumes.", no_args_is_help=True
)


DryRun = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="print the settings, the networks, and the time and memory of a few steps; write nothing",
        rich_help_panel=TrainCommand.report_panel,
    ),
]


def train_command(config_class: type[TrainConfig]) -> Callable[..., None]:
    """The command that trains the method of ``config_class``, with an option per setting."""

    def command(*, preset: str | None, config: Path | None, dry_run: bool, **given: Any) -> None:
        settings = config_class.resolve(given, preset=preset, file=config)
        quiet_onnxruntime()
        if dry_run:
            try_out(settings)
        else:
            run(settings)

    hints = typing.get_type_hints(config_class)
    annotations: dict[str, Any] = {}
    for spec in _by_panel(config_class):
        if spec.metadata["panel"] == TrainCommand.report_panel:
            annotations.setdefault("dry_run", DryRun)
        annotations[spec.name] = _option(spec, hints[spec.name])
        if spec.name == "out":
            annotations |= _sources_of_settings(config_class)
    command.__doc__ = inspect.getdoc(config_class)
    command.__annotations__ = annotations
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=False if name == "dry_run" else None,
                annotation=annotation,
            )
            for name, annotation in annotations.items()
        ]
    )
    return command


def run(settings: TrainConfig) -> None:
    """Train; then, or when training stops, say where its results are and what to do with them."""
    from translate.train.loop import train

    try:
        train(settings, quiet=Verbosity.quiet, verbose=Verbosity.verbose)
    except UserError as error:
        if error.exit_code in STOPPED:
            _say_all(_steps_after(settings))
        raise
    _say_all(_steps_after(settings))


def _steps_after(settings: TrainConfig) -> list[str]:
    from translate.train.closing import next_steps

    inputs = getattr(settings, "inputs", ())
    return next_steps(
        settings.out,
        from_noise=settings.from_noise,
        inputs=max(1, len(inputs)),
        captions=settings.method == "sequence",
        condition=not settings.from_noise and bool(getattr(settings, "conditions", ())),
    )


def _say_all(lines: list[str]) -> None:
    if os.environ.get("RANK", "0") == "0":  # set by torchrun: the number of the process
        for line in lines:
            say(line)


def try_out(settings: TrainConfig) -> None:
    from translate.train.dry_run import dry_run

    for line in dry_run(settings):
        warn(line)


def _by_panel(config_class: type[TrainConfig]) -> list[Field[Any]]:
    """The settings, sorted by panel; in the first one the method's own, its training data, come first.

    The preset is left out: it is an option of its own, as it says where settings come from.
    """
    common = {spec.name for spec in fields(TrainConfig)}

    def place(spec: Field[Any]) -> tuple[int, bool]:
        panel = PANELS.index(spec.metadata["panel"])
        return panel, panel == 0 and spec.name in common

    return sorted((spec for spec in fields(config_class) if spec.name != "preset"), key=place)


def _sources_of_settings(config_class: type[TrainConfig]) -> dict[str, Any]:
    """The options that are not settings themselves."""
    presets = ", ".join(config_class.presets)
    return {
        "preset": Annotated[
            str | None, typer.Option(help=f"settings to start from: {presets}", rich_help_panel=PANELS[0])
        ],
        "config": Annotated[
            Path | None,
            typer.Option(
                help="TOML file of settings, and of a preset; command-line options override it",
                rich_help_panel=PANELS[0],
            ),
        ],
    }


def _option(spec: Field[Any], kind: Any) -> Any:
    """The option of one setting; it defaults to None, so that only given options override file and preset."""
    help_text, panel = spec.metadata["help"], spec.metadata["panel"]
    default = spec.default
    if default is MISSING:
        help_text += " \\[required]"
    elif default not in (None, "", ()):
        shown = " ".join(f"{part:g}" for part in default) if isinstance(default, tuple) else default
        help_text += f" \\[default: {shown}]"
    if kind is dict:
        kind = list[str]
    elif Ellipsis in typing.get_args(kind):
        kind = list[typing.get_args(kind)[0]]  # type: ignore[misc]
    name = flag(spec.name)
    if kind is bool:
        name = f"{name}/--no-{name[2:]}"
    return Annotated[kind | None, typer.Option(name, help=help_text, rich_help_panel=panel)]


for method, config_class in CONFIGS.items():
    train_app.command(method, cls=TrainCommand)(train_command(config_class))
