"""The settings of a condition: what is said of each picture, and how the networks take it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from translate.config.values import setting, weight


@dataclass(frozen=True, kw_only=True)
class ConditionSettings:
    """One condition for each picture of a data set; for classes whose settings are also those of a run."""

    attributes: Path | None = setting(
        None, "Data", "condition: a table of the pictures with columns of 0 and 1, or numbers", free=True
    )
    columns: str = setting("", "Data", "of --attributes only these columns, separated by commas")
    classes: bool = setting(False, "Data", "condition: the subfolder that a picture is in")
    captions: Path | None = setting(
        None, "Data", "condition: a table with the header file,text; several lines per picture allowed", free=True
    )
    audio: Path | None = setting(None, "Data", "condition: a folder of sounds, each named like its picture", free=True)
    audio_seconds: float = setting(2.0, "Data", "seconds of each sound that count", at_least=0.1, at_most=60)
    embeddings: Path | None = setting(
        None, "Data", "condition: an .npz or .safetensors file of vectors, each named like its picture", free=True
    )
    condition_width: int = setting(64, "Networks", "numbers that the networks make of a condition", at_least=1)
    matching: Literal["projection", "concatenation"] = setting(
        "projection", "Networks", "how the discriminator compares picture and condition"
    )
    lambda_mismatched: float = weight(
        1.0, "weight of real pictures with a wrong condition among the discriminator's fakes; generated ones have 1"
    )

    @property
    def conditions(self) -> list[str]:
        """The names of the settings that say what the condition is; a run can have one."""
        given = {
            "attributes": self.attributes,
            "classes": self.classes or None,
            "captions": self.captions,
            "audio": self.audio,
            "embeddings": self.embeddings,
        }
        return [name for name, value in given.items() if value is not None]
