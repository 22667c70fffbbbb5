"""Training: the loop, the methods, their objectives. In Python, `translate.train` itself is called; see `interface`."""

import sys
from types import ModuleType
from typing import Any


class _Callable(ModuleType):
    """This module: `train` is the name of a function of the library, and of the package that holds what it needs."""

    def __call__(self, method: str, **settings: Any) -> Any:
        from translate.train.interface import train  # imports PyTorch

        return train(method, **settings)


sys.modules[__name__].__class__ = _Callable
