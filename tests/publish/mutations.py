"""JSON values that differ from a given one in a single place."""

OTHERS = [
    None,
    True,
    0,
    -1,
    1,
    2**53,
    "",
    "root",
    "targets",
    "é\x1b\n",
    "aa",
    [],
    ["a"],
    {},
    {"a": 1},
]


def nodes(value, at=()):
    """The path of every node of a JSON value, the value itself included."""
    yield at
    match value:
        case dict():
            members = value.items()
        case list():
            members = enumerate(value)
        case _:
            members = ()
    for name, below in members:
        yield from nodes(below, (*at, name))


def with_node(value, at, other):
    if not at:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = with_node(value[at[0]], at[1:], other)
    return copy


def without_node(value, at):
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(at) == 1:
        del copy[at[0]]
    else:
        copy[at[0]] = without_node(value[at[0]], at[1:])
    return copy


def mutations(value):
    for at in nodes(value):
        yield from (with_node(value, at, other) for other in OTHERS)
        if at:
            yield without_node(value, at)
