"""What a file would be with one check less, or one check that is slightly wrong.

A mutant is the whole source of a file with one change. Its name says what was
changed, without line numbers, so that it stays the same when a file grows.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

COMPARED = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt,),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
CALCULATED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


Place = tuple[ast.AST, str, int | None]
Change = tuple[str, Place, Callable[[ast.AST], list[ast.AST]]]


@dataclass(frozen=True)
class Mutant:
    """One changed file: *name* says what was changed in *function*."""

    file: str
    function: str
    old: str
    new: str
    nth: int
    made: Callable[[], str]

    @property
    def source(self) -> str:
        """The whole of the file; it takes a while to write, and whoever wants names does not."""
        return self.made()

    @property
    def name(self) -> str:
        again = f" ({self.nth})" if self.nth > 1 else ""
        return f"`{self.file}`, in `{self.function}`: `{self.old}` becomes `{self.new}`{again}"


def mutants(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of *source*."""
    tree = ast.parse(source)
    seen: dict[tuple[str, str, str], int] = {}
    for function, place, replaced in _changes(tree):
        original = _get(place)
        for new in replaced(original):
            old_text, new_text = _short(original), "nothing" if _gone(new) else _short(new)
            if old_text == new_text:
                continue
            key = (function, old_text, new_text)
            seen[key] = seen.get(key, 0) + 1
            made = partial(_with_one_change, tree, place, new)
            yield Mutant(file, function, old_text, new_text, seen[key], made)


def _with_one_change(tree: ast.AST, place: Place, new: ast.AST) -> str:
    """The source of *tree* with *new* in that place, compiled once so that it is Python still."""
    original = _get(place)
    _set(place, new)
    changed = ast.unparse(ast.fix_missing_locations(tree))
    _set(place, original)
    compile(changed, "a mutant", "exec")
    return changed


def _changes(tree: ast.AST, function: str = "the module") -> Iterator[Change]:
    for field, value in ast.iter_fields(tree):
        children = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if not isinstance(child, ast.AST) or field in {
                "annotation",
                "returns",
                "decorator_list",
            }:
                continue
            inside = function
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = child.name if function == "the module" else f"{function}.{child.name}"
            yield inside, (tree, field, index), _replacements
            yield from _changes(child, inside)


def _replacements(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.Expr(value=ast.Constant()):
            return []
        case ast.Expr() | ast.Raise() | ast.AugAssign() | ast.Break() | ast.Continue():
            return [ast.Pass()]
        case ast.Assign(value=ast.Constant()):
            return []
        case ast.If() | ast.While() | ast.IfExp():
            return [_with(node, test=ast.Constant(value)) for value in (True, False)]
        case ast.comprehension(ifs=[_, *_]):
            return [_with(node, ifs=[])]
        case ast.Compare(ops=[op]):
            return [_with(node, ops=[other()]) for other in COMPARED[type(op)]]
        case ast.BoolOp(op=op, values=values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            without = [
                _with(node, values=[*values[:i], *values[i + 1 :]]) for i in range(len(values))
            ]
            return [_with(node, op=other), *without]
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return [operand]
        case ast.BinOp(op=op) if type(op) in CALCULATED:
            return [_with(node, op=CALCULATED[type(op)]())]
        case ast.Constant(value=int() as number) if not isinstance(number, bool):
            return [ast.Constant(number + 1)]
        case ast.Constant(value=bool() as flag):
            return [ast.Constant(not flag)]
        case ast.Call(func=ast.Name(id=name)) if name in NAMES:
            return [_with(node, func=ast.Name(NAMES[name], ast.Load()))]
        case ast.Subscript(slice=ast.Slice()):
            return [node.value]
        case ast.ExceptHandler(body=body) if not isinstance(body[-1], ast.Raise):
            return [_with(node, body=[ast.Raise()])]
        case ast.Return(value=value) if value is not None and not isinstance(value, ast.Constant):
            return [ast.Return(ast.Constant(None))]
    return []


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    if isinstance(changed, ast.BoolOp) and len(changed.values) == 1:
        return changed.values[0]
    return changed


def _get(place: Place) -> ast.AST:
    parent, field, index = place
    value = getattr(parent, field)
    return value if index is None else value[index]


def _set(place: Place, node: ast.AST) -> None:
    parent, field, index = place
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _gone(node: ast.AST) -> bool:
    return isinstance(node, ast.Pass)


def _short(node: ast.AST) -> str:
    match node:
        case ast.If(test=test):
            text = f"if {ast.unparse(test)}"
        case ast.While(test=test):
            text = f"while {ast.unparse(test)}"
        case ast.ExceptHandler(type=kind, body=body):
            text = f"except {ast.unparse(kind) if kind else ''}: {ast.unparse(body[0])}"
        case ast.comprehension():
            text = ast.unparse(node).strip()
        case _:
            text = ast.unparse(node)
    text = " ".join(text.split()).replace("`", "'")
    return text if len(text) <= 100 else f"{text[:97]}..."
