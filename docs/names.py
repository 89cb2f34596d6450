"""Every path by which a public name can be imported leads to where it is documented.

Docstrings and annotations say ``trustlib.updater.blocking.Updater``,
``trustlib.Updater`` or just ``Updater``; the reference has it once.
"""

import importlib
from functools import cache

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment

_COLON = "\ue000"


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask here for what was not found."""
    app.connect("missing-reference", _found)
    app.connect("autodoc-process-docstring", _spared, priority=400)  # napoleon has 500
    app.connect("autodoc-process-docstring", _restored, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _spared(_: Sphinx, what: str, __: str, ___: object, ____: object, lines: list[str]) -> None:
    """Keep napoleon from reading what stands before a property's colon as its type."""
    if what in {"property", "attribute", "data"}:
        lines[:1] = [line.replace(": ", _COLON) for line in lines[:1]]


def _restored(_: Sphinx, __: str, ___: str, ____: object, _____: object, lines: list[str]) -> None:
    lines[:] = [line.replace(_COLON, ": ") for line in lines]


def _found(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, text: nodes.Element
) -> nodes.Node | None:
    if node.get("refdomain") != "py":
        return None
    target, module = str(node["reftarget"]).lstrip("."), node.get("py:module")
    if node["reftype"] == "attr":
        return text  # attributes are listed in their class and have no entry of their own
    paths = [target, *(f"{at}.{target}" for at in (module, "trustlib", "trustlib.signing"))]
    value = next(filter(None, map(_imported, paths)), None)
    if value is None:
        return None
    for name in env.domains.python_domain.objects:
        if _imported(name) == value:
            return env.domains.python_domain.resolve_xref(
                env, node["refdoc"], app.builder, "obj", name, node, text
            )
    # What is not public has no page, and a signature may say its name all the same.
    return text if node["reftype"] in {"class", "obj"} else None


@cache
def _imported(path: str) -> object:
    """Return what *path* names within this package: a class, a function, a method; or None."""
    parts = path.split(".")
    if parts[0] != "trustlib":
        return None
    for at in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:at]))
        except ImportError:
            continue
        for part in parts[at:]:
            value = getattr(value, part, None)
        return value
    return None
