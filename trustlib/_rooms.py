"""What a program does not use is not imported: a package's names, on first use (PEP 562).

A package that has many rooms imports them for type checkers and editors only;
when a name is first asked for, the room that it lives in is imported, and the
name is an ordinary attribute of the package from then on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TypeAlias

_Asked: TypeAlias = Callable[[str], object]
_Listed: TypeAlias = Callable[[], list[str]]


def on_first_use(package: str, rooms: Mapping[str, str]) -> tuple[_Asked, _Listed]:
    """Return the ``__getattr__`` and the ``__dir__`` of *package*.

    Its modules that have such names are attributes, too, without having been
    imported by anybody: type checkers see them imported.

    Args:
        package: its ``__name__``.
        rooms: by module, the names that live there, with spaces between them.
            None is what a module of *package* is called: importing that module
            would put it in the name's place.
    """
    homes = {name: room for room, names in rooms.items() for name in names.split()}
    inside = f"{package}."
    modules = {room[len(inside) :].split(".")[0] for room in rooms if room.startswith(inside)}

    def asked(name: str) -> object:
        if name in modules:
            return import_module(f"{inside}{name}")
        module = sys.modules[package]
        if name not in homes:
            what = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(what, name=name, obj=module)
        value: object = getattr(import_module(homes[name]), name)
        setattr(module, name, value)
        return value

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes, *modules})

    return asked, listed
