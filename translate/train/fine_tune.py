"""The weights that a new run starts from: those of another run, or of a style file that is to be fine-tuned.

onnx_ir is imported inside the function: it comes with the training extra.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import torch

from models import ConditionalDiscriminator, ConditionalGenerator, Generator
from models.init import written_over
from translate.errors import UserError
from translate.style.catalogue import list_styles
from translate.style.session import read_style
from translate.train.methods.base import GENERATOR, Method
from translate.weights import checkpoint

CONDITIONAL = (ConditionalGenerator, ConditionalDiscriminator)
PREFIX = "generator."  # of the parameters' names in a style file


def start_from_style(generator: Generator, path: Path) -> None:
    """Give ``generator`` the weights of the style file ``path``, of the same architecture.

    Hidden channels that pruning removed from the file keep the generator's weights. Raises ``UserError`` for a file
    that is no style in floating point, or of another architecture.
    """
    import onnx_ir

    read_style(path)  # reports in one line what is wrong with a file
    initializers = onnx_ir.load(path).graph.initializers
    exported = {
        name.removeprefix(PREFIX): torch.tensor(value.const_value.numpy()).float()
        for name, value in initializers.items()
        if value.const_value is not None and value.const_value.dtype.is_floating_point()
    }
    own = generator.state_dict()
    try:
        given = generator.weights_from_export(exported)
        generator.load_state_dict(written_over(own, given))
    except ValueError as error:
        raise UserError(
            f"<init> {path}: is not a float style of this generator ({error}); give a run, or <generator> and "
            "<generator_options> as the style was trained with"
        ) from error


def start_from(method: Method, init: Path) -> None:
    """Give the method's networks the weights of the same names of a run: the averaged ones, where it has them.

    A conditional generator of pictures from noise may start from one without a condition. Or give the main generator
    those of a style: a file or the name of a shipped one. Raises ``UserError`` where a network is another one.
    """
    style = list_styles().get(str(init), init)
    if style.is_file():
        if method.config.from_noise:
            raise UserError(
                f"<init> {init}: {method.config.method} starts from a run, not from a file; give its folder"
            )
        generator = cast(Generator, method.bare(GENERATOR))
        start_from_style(generator, style)
        method.averages[f"{GENERATOR}_ema"].module.load_state_dict(generator.state_dict())
        return
    source = checkpoint.find(init)
    for name, module in method.modules().items():
        averaged = name if name.endswith("_ema") else f"{name}_ema"
        found = next((known for known in (averaged, name) if source.has_weights(known)), None)
        if found is None:
            continue
        tensors = source.weights(found)
        try:
            if isinstance(module, CONDITIONAL) and not any(key.startswith("condition.") for key in tensors):
                tensors = module.weights_from_unconditional(tensors)
            module.load_state_dict(dict(tensors))
        except (ValueError, RuntimeError) as error:  # PyTorch's message has a line per tensor
            network = name.removesuffix("_ema").replace("_", " ")
            raise UserError(
                f"<init> {init}: its {network} is another network than that of this run; give the options that it was "
                "trained with"
            ) from error
