"""A network -> the bytes of an ONNX file.

The graph comes from torch.export, the exporter that PyTorch maintains: it keeps the number of pictures, height and
width symbolic instead of tracing one size, and folds the layout and type conversions that the deprecated TorchScript
exporter leaves in the graph. It takes seconds longer, which does not matter here.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import onnx_ir
import torch
from numpy.typing import NDArray
from onnx_ir.passes.common import ClearMetadataAndDocStringPass
from torch import nn

from translate.errors import UserError, one_line
from translate.style.contract import OUTPUT

OPSETS = range(18, 21)  # the exporter begins at 18; from 21 on onnxruntime lacks kernels on CUDA (its issue 26065)
DEFAULT_OPSET = 18


def require_opset(opset: int) -> None:
    """Raise ``UserError`` unless ``opset`` is one of `OPSETS`."""
    if opset not in OPSETS:
        raise UserError(f"<opset> {opset}: choose one of {', '.join(map(str, OPSETS))}")


def write_graph(
    network: nn.Module,
    example: Mapping[str, NDArray[Any]],
    *,
    free_sizes: Mapping[str, Mapping[int, str]],
    output_shape: Sequence[str | int],
    opset: int,
    metadata: Mapping[str, str],
    name: str,
) -> bytes:
    """The bytes of the file: graph, weights and metadata; its output has the name `OUTPUT`.

    ``example``: an input for each of the network's arguments, by name. ``free_sizes``: the names of the dimensions of
    each that may vary, by position; none of them may be 1 in the example, as torch.export specialises on 1. Raises
    ``UserError``, which calls the network ``name``, where it cannot be exported.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about library internals; users cannot act on them
            program = torch.onnx.export(
                network,
                tuple(map(torch.from_numpy, example.values())),
                dynamo=True,
                input_names=list(example),
                output_names=[OUTPUT],
                dynamic_shapes=tuple(dict(free_sizes[input]) for input in example),
                opset_version=opset,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        reason = one_line(error.__cause__ or error)
        raise UserError(f"generator {name} cannot be exported to ONNX: {reason}") from error
    assert program is not None
    model = program.model
    ClearMetadataAndDocStringPass()(model)  # which say where in the source each node comes from
    for node in model.graph:
        for value in node.outputs:
            value.shape = None
    model.graph.outputs[0].shape = onnx_ir.Shape(output_shape)
    model.metadata_props.update(metadata)
    return onnx_ir.to_proto(model).SerializeToString()
