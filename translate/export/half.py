"""A float32 style -> its float16 variant for GPUs, with the loss measured and stored.

`to_onnx.export_style` can write float16 from a run's checkpoint; this starts from the style file, so that shipped
styles have variants too. The conversion is onnxruntime's own (`onnxruntime.transformers.float16`), which also keeps
apart what has to stay float32. Results on a GPU differ a little from those measured here, where the CPU rounds to
float16 between the layers but computes in float32, as tensor cores do. Needs the training extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import onnxruntime

from translate.errors import UserError
from translate.export.quantise import Loss, measure_loss
from translate.storage.atomic import write_atomically
from translate.style.contract import StyleInfo
from translate.style.session import read_style

if TYPE_CHECKING:
    from onnx import ModelProto

MIN_PSNR_DB = 45.0  # against the float32 style; three bits more than a byte has are far above it


def halve_style(source: Path, output: Path, photos: Sequence[Path]) -> Loss:
    """Write the float32 style ``source`` as the float16 style ``output``; its loss is measured on ``photos``.

    The loss is stored in the metadata. Raises ``UserError``, and writes nothing, where ``source`` is not a float32
    style, the loss is too large, or there are no photos; ``PictureError`` for a photo that cannot be read.
    """
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    if not photos:
        raise UserError(f"{output}: not written: give photos to measure the loss on")
    info = read_style(source)
    if info.precision != "fp32":
        raise UserError(f"{source}: is {info.precision}; fp16 is made from an fp32 style, export one first")
    # picture and result are bytes; attributes and conditions, which may be float32, stay so
    halved = convert_float_to_float16(onnx.load(source), keep_io_types=True)
    info = replace(info, precision="fp16", versions=info.versions | {"onnxruntime": onnxruntime.__version__})
    with TemporaryDirectory() as folder:
        unmeasured = Path(folder) / "fp16.onnx"
        unmeasured.write_bytes(_with_info(halved, info))
        loss = measure_loss(unmeasured, source, photos)
    if not loss.psnr_db >= MIN_PSNR_DB:  # not a number, where values overflow
        raise UserError(
            f"{output}: not written: float16 would lose too much, {loss}, below the minimum of {MIN_PSNR_DB:g} dB"
        )
    info = replace(info, psnr_to_fp32=round(loss.psnr_db, 2), mean_difference_to_fp32=round(loss.mean_difference, 3))
    write_atomically(output, _with_info(halved, info))
    return loss


def _with_info(model: ModelProto, info: StyleInfo) -> bytes:
    from onnx import helper

    del model.metadata_props[:]
    helper.set_model_props(model, info.to_metadata())
    return model.SerializeToString()
