"""Image-to-image translation: train on folders, export one ONNX file, convert photos with it.

In Python: ``load_style("anime")(photo)``, see `translate.api`; `convert_files` converts whole folders, `train` trains
on folders, see `translate.train.interface`, and `distill` turns a slow teacher into a style.
``load_sampler("faces.onnx")(seed=3)`` makes a picture from noise.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = [
    "ConvertRequest",
    "DistillRequest",
    "Sampler",
    "Style",
    "__version__",
    "convert_files",
    "distill",
    "load_sampler",
    "load_style",
    "train",
]

if TYPE_CHECKING:
    from translate.api import ConvertRequest, Sampler, Style, convert_files, load_sampler, load_style
    from translate.distillation.pipeline import distill
    from translate.distillation.request import DistillRequest
    from translate.train.interface import train
else:

    def __getattr__(name):
        """Load libraries only when first needed, PyTorch only to train, so that the command line starts fast."""
        if name in ("DistillRequest", "distill"):
            from translate.distillation import pipeline

            return getattr(pipeline, name)
        if name == "train":  # the package, which can be called
            return import_module("translate.train")
        if name in __all__:
            from translate import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
