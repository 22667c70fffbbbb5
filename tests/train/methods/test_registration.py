"""A method defined in this file alone: registered, trained, resumed and exported."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from tests.helpers.command_line import RunCli
from tests.helpers.pairs import picture, tiny_settings, write_pairs
from translate.commands.train import train_command
from translate.config import CONFIGS, Distance, UnpairedConfig, register_method
from translate.data.datasets import TrainingData, load_unpaired
from translate.style.translator import Translator
from translate.train.loop import train
from translate.train.methods import method_of
from translate.train.methods.base import GENERATOR, Method, Pictures
from translate.train.methods.networks import built_discriminator, built_generator
from translate.train.step import Batch, StepContext, Terms


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register_method(GreyConfig)
    yield
    del CONFIGS["grey"]


@dataclass(frozen=True, kw_only=True)
class GreyConfig(UnpairedConfig):
    """Removes the colours."""

    method: ClassVar[str] = "grey"
    implementation: ClassVar[str] = f"{__name__}:Grey"
    distance: ClassVar[Distance | None] = Distance("grey", "G/grey", "lambda_gan")


class Grey(Method):
    config: GreyConfig

    @classmethod
    def load_data(cls, config: GreyConfig) -> TrainingData:
        return load_unpaired(config)

    def __init__(self, config: GreyConfig, accelerator: Accelerator) -> None:
        super().__init__(config, accelerator)
        self.add_networks(GENERATOR, {GENERATOR: built_generator(config)}, lr=config.lr, averaged=(GENERATOR,))
        self.adversary = self.add_adversaries({"discriminator": built_discriminator(config)})["discriminator"]

    def forward(self, batch: Batch, context: StepContext) -> Pictures:
        return {"fake_B": self.networks[GENERATOR](batch["A"])}

    def discriminator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        return self.adversary.train(batch["B"], pictures["fake_B"], context)[0]

    def generator_terms(self, batch: Batch, pictures: Pictures, context: StepContext) -> Terms:
        grey = batch["A"].mean(dim=1, keepdim=True).expand_as(batch["A"])
        return Terms({"G/grey": F.l1_loss(pictures["fake_B"], grey)})

    def validate(self, batch: Batch) -> tuple[list[Tensor], dict[str, float]]:
        return [batch["A"]], {}

    def column_titles(self) -> list[str]:
        return ["colours"]


@pytest.mark.slow
def test_a_method_of_one_file_trains_resumes_and_exports(tmp_path: Path, run_cli: RunCli) -> None:
    settings = tiny_settings(*write_pairs(tmp_path), tmp_path / "run")
    train(GreyConfig.from_dict(settings | {"steps": 2}))
    train(GreyConfig.from_dict(settings | {"steps": 3}))
    assert sorted(path.name for path in (tmp_path / "run" / "checkpoints").iterdir())[-1].endswith("3")
    assert "lambda_gan" in train_command(GreyConfig).__annotations__  # an option of `translate train grey`

    exported = run_cli("export", tmp_path / "run", "-o", tmp_path / "grey.onnx")
    assert exported.code == 0, exported.err
    style = Translator(tmp_path / "grey.onnx")
    assert style.info.method == "grey"
    assert style(picture(0)[np.newaxis]).shape == (1, *picture(0).shape)


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="registered already"):
        register_method(GreyConfig)


@pytest.mark.parametrize("method", sorted(CONFIGS))
def test_what_is_registered_is_there(method: str) -> None:
    kind = method_of(CONFIGS[method])
    assert issubclass(kind, Method) and not getattr(kind, "__abstractmethods__", None)
