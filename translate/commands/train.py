"""`translate train METHOD`: a subcommand a method, its options made from the method's configuration class."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from translate.config import CONFIGS, AdversarialConfig, flag

train_app = typer.Typer(
    help="Train a translation on your own folders; repeating the command resumes.", no_args_is_help=True
)


def train_command(config_class: type[AdversarialConfig]) -> Callable[..., None]:
    """The command that trains the method of ``config_class``, with an option a setting."""

    def command(*, preset: str | None, config: Path | None, **given: Any) -> None:
        settings = config_class.resolve(given, preset=preset, file=config)
        from translate.train.loop import train

        train(settings)

    hints = typing.get_type_hints(config_class)
    annotations: dict[str, Any] = {
        "preset": Annotated[
            str | None, typer.Option(help=f"settings to begin with: {', '.join(config_class.presets)}")
        ],
        "config": Annotated[Path | None, typer.Option(help="TOML file of settings; options given here go first")],
    }
    for spec in fields(config_class):
        annotations[spec.name] = _option(spec, hints[spec.name])
    command.__doc__ = inspect.getdoc(config_class)
    command.__annotations__ = annotations
    command.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
            for name, annotation in annotations.items()
        ]
    )
    return command


def _option(spec: Field[Any], kind: Any) -> Any:
    """The option of one setting; it defaults to None, so that only what the user gave overrides file and preset."""
    help_text = spec.metadata["help"]
    default = spec.default
    if default is not MISSING and default is not None and default != "":
        shown = " ".join(f"{part:g}" for part in default) if isinstance(default, tuple) else default
        help_text += f" \\[default: {shown}]"
    if kind is dict:
        kind = list[str]
    if kind is bool:
        return Annotated[bool | None, typer.Option(f"{flag(spec.name)}/--no-{flag(spec.name)[2:]}", help=help_text)]
    return Annotated[kind | None, typer.Option(flag(spec.name), help=help_text)]


for method, config_class in CONFIGS.items():
    train_app.command(method)(train_command(config_class))
