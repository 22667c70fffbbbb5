"""Image-to-image translation: train on folders, export one ONNX file, convert photos with it.

In Python: ``load_style("anime")(photo)``, see `translate.api`.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = ["Style", "__version__", "load_style"]

if TYPE_CHECKING:
    from translate.api import Style, load_style
else:

    def __getattr__(name):
        """Load onnxruntime, numpy and Pillow where they are first needed: the command line has to start at once."""
        if name in ("Style", "load_style"):
            from translate import api

            return getattr(api, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
