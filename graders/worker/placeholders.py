"""Stand-ins for packages that are not there while graded: importing one is harmless, using one raises."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import types
from typing import Any, NoReturn


def unavailable(package: str) -> str:
    """What a student reads who uses a package that is not there."""
    return f"`{package}` is not available while graded"


def _use(self: _Missing, *_: Any, **__: Any) -> NoReturn:
    path: str = self.__dict__["_path"]
    package = path.partition(".")[0]
    raise ImportError(unavailable(package), name=package)


class _Missing:
    """Something of a missing package: has every attribute, may stand in annotations, fails in use."""

    def __init__(self, path: str) -> None:
        self.__dict__["_path"] = path

    def __getattr__(self, name: str) -> _Missing:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _Missing(f"{self.__dict__['_path']}.{name}")

    def __repr__(self) -> str:
        return f"<{self.__dict__['_path']}, not available while graded>"

    def __mro_entries__(self, _: tuple[Any, ...]) -> tuple[type, ...]:
        """A class may be derived from it; making an object of that class fails."""

        def fail(*_: Any, **__: Any) -> NoReturn:
            _use(self)

        return (type("Missing", (), {"__init__": fail}),)

    def __getitem__(self, _: Any) -> _Missing:
        return self

    def __or__(self, _: Any) -> _Missing:
        return self

    __ror__ = __or__

    def __instancecheck__(self, _: object) -> bool:
        return False

    def __subclasscheck__(self, _: type) -> bool:
        return False


_USES = """
__call__ __iter__ __next__ __len__ __bool__ __contains__ __enter__ __exit__ __setattr__ __delattr__
__setitem__ __delitem__ __int__ __float__ __index__ __complex__ __neg__ __pos__ __abs__ __invert__ __lt__
__le__ __gt__ __ge__ __add__ __sub__ __mul__ __matmul__ __truediv__ __floordiv__ __mod__ __pow__ __and__
__xor__ __lshift__ __rshift__ __radd__ __rsub__ __rmul__ __rmatmul__ __rtruediv__ __rfloordiv__ __rmod__
__rpow__ __rand__ __rxor__ __aenter__ __aiter__ __await__
"""
for _name in _USES.split():
    setattr(_Missing, _name, _use)


class Placeholder(types.ModuleType):
    """A module that is not there: every name in it is a `_Missing`, every submodule a `Placeholder`."""

    def __getattr__(self, name: str) -> _Missing:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return _Missing(f"{self.__name__}.{name}")


class PlaceholderLoader(importlib.abc.Loader):
    """Makes a `Placeholder` where a package is imported that is not there."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return Placeholder(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass
