"""The pages of the API: every public name, once, in the room where its reader looks for it."""

from collections.abc import Iterator

from attrs import frozen
from reference.names import WHOLE, Name, names


@frozen
class Room:
    """A page: what is on it is decided by where a name was made."""

    file: str
    title: str
    opening: str
    sections: tuple[tuple[str, str], ...]  # the beginning of a module's name, the heading


ROOMS = (
    Room(
        "client",
        "Asking: the client",
        "What a tag stands for, and files that somebody vouches for.",
        (
            ("trustlib.updater", "Updaters"),
            ("trustlib.anchors", "Anchors"),
            ("trustlib.limits", "Limits"),
            ("trustlib.content", "Tags, digests and names"),
            ("trustlib.sources", "Who answered"),
            ("trustlib.downloads", "Downloads"),
            ("trustlib.consensus", "Several repositories that must agree"),
            ("trustlib.workflow", "Answers, and the workflow behind them"),
        ),
    ),
    Room(
        "publishing",
        "Publishing",
        "A repository is a value, an edit is another one, and what must be signed is the difference.",
        (
            ("trustlib.publish", "Repositories, plans and publications"),
            ("trustlib.publish.expiry", "For how long"),
            ("trustlib.publish.change", "What changes"),
            ("trustlib.publish.renewal", "Renewal"),
            ("trustlib.publish.passes", "Renewal of many"),
            ("trustlib.publish.standing", "Renewal: what came of it"),
            ("trustlib.publish.pruning", "Removing what nobody needs"),
            ("trustlib.publish.migrating", "Taking over"),
            ("trustlib.publish.examining", "Examination"),
        ),
    ),
    Room(
        "keys",
        "Keys and signing",
        "A private key stays where it is; what comes out of it is a signature.",
        (
            ("trustlib.keys", "Keys and signatures"),
            ("trustlib.signing", "Where private keys are"),
            ("trustlib.signing.passphrases", "Passphrases"),
        ),
    ),
    Room(
        "places",
        "Storages and transports",
        "Where files are kept, and how they are read.",
        (("trustlib.storage", "Storages"), ("trustlib.transport", "Transports")),
    ),
    Room(
        "registries",
        "Registries",
        "Images, the trust beside them, and files that name images.",
        (
            ("trustlib.registry", "Registries and collections in them"),
            ("trustlib.registry.credentials", "Who asks"),
            ("trustlib.registry.policy", "Who speaks for what"),
            ("trustlib.registry.enforcing", "Who speaks for what: enforced"),
            ("trustlib.registry.pulling", "Pulling"),
            ("trustlib.registry.runtimes", "Runtimes to pull into"),
            ("trustlib.content.dockerfile", "Dockerfiles"),
            ("trustlib.registry.compose", "Compose files"),
        ),
    ),
    Room(
        "notary",
        "Docker Content Trust, version 1",
        "Read what people have today, publish to it, and leave it.",
        (
            ("trustlib.notary", "Collections on trust servers"),
            ("trustlib.notary.publishing", "Publishing to them"),
            ("trustlib.notary.keys", "Keys of docker and notary"),
        ),
    ),
    Room(
        "roles",
        "Roles and their files",
        "What the files of a repository say, as values.",
        (
            ("trustlib.roles", "Roles"),
            ("trustlib.documents", "Documents"),
            ("trustlib.verify", "Proofs"),
            ("trustlib.trust", "Stages of trust"),
            ("trustlib.wire", "Formats"),
            ("trustlib._types", "Values with a name"),
            ("trustlib._frozen", "Maps"),
        ),
    ),
    Room(
        "outside",
        "Errors, events and ports",
        "What is raised, what is told, and what is asked of the outside world.",
        (
            ("trustlib.errors", "Errors"),
            ("trustlib.events", "Events"),
            ("trustlib.ports", "Ports"),
        ),
    ),
    Room(
        "inspect",
        "Pictures",
        "Collections, plans and answers, drawn.",
        (("trustlib.inspect", "Pictures"),),
    ),
    Room(
        "testing",
        "The test kit",
        "Attacks and hostile servers for your own tests.",
        (("trustlib.testing", "The test kit"),),
    ),
)

_REGENERATE = "% Made by `make pages` from the code: an edit here would be lost.\n\n"
_OPENING = """\
# API reference

What is on these pages can be relied on: it changes as [the deprecation policy](deprecation.md)
says. Everything else is ours to change, and so is the place of a name in a module that starts with
an underscore. What an error says and asks for is on [a page of its own](errors.md), and so are [all
limits and defaults](limits.md).

Each name is shown as it is best imported: most programs need `from trustlib import …` and a name or two
of one package.

"""


def pages() -> dict[str, str]:
    """Return the pages by their place below ``docs/reference``."""
    placed = _placed()
    rooms = [room for room in ROOMS if any(placed[room.file, at] for at, _ in room.sections)]
    made = {f"api/{room.file}.md": "".join(_page(room, placed)) for room in rooms}
    return {"api.md": _contents(rooms, placed), **made}


def _placed() -> dict[tuple[str, str], list[Name]]:
    """Return the names of each section: the longest beginning that fits is where a name belongs."""
    sections = [(room.file, at) for room in ROOMS for at, _ in room.sections]
    placed: dict[tuple[str, str], list[Name]] = {section: [] for section in sections}
    for name in names():
        fitting = [s for s in sections if f"{name.home}.".startswith(f"{s[1]}.")]
        placed[max(fitting, key=lambda section: len(section[1]))].append(name)
    return placed


def _contents(rooms: list[Room], placed: dict[tuple[str, str], list[Name]]) -> str:
    parts = [_REGENERATE, _OPENING]
    for room in rooms:
        here = [name for at, _ in room.sections for name in placed[room.file, at]]
        links = ", ".join(f"{{py:obj}}`~{n.path}`" for n in sorted(here, key=_by_its_own_name))
        parts.append(f"[{room.title}](api/{room.file}.md)\n: {links}\n\n")
    files = "".join(f"api/{room.file}\n" for room in rooms)
    return "".join([*parts, f"```{{toctree}}\n:hidden:\n\n{files}```\n"])


def _by_its_own_name(name: Name) -> str:
    return name.own.lower()


def _page(room: Room, placed: dict[tuple[str, str], list[Name]]) -> Iterator[str]:
    yield f"{_REGENERATE}# {room.title}\n\n{room.opening}\n"
    for at, heading in room.sections:
        if here := placed[room.file, at]:
            yield f"\n## {heading}\n\n```{{eval-rst}}\n"
            if at in WHOLE or at == ".".join(here[0].path.split(".")[:-1]):
                yield f".. automodule:: {at}\n   :no-members:\n\n"
            yield "\n".join(map(_entry, sorted(here, key=_by_its_own_name)))
            yield "```\n"


def _entry(name: Name) -> str:
    if name.is_value:
        return "".join(_of_value(name))
    if not isinstance(name.value, type):
        return f".. autofunction:: {name.path}\n"
    theirs = [c.__name__ for c in name.value.__mro__ if not c.__module__.startswith("trustlib")]
    return (
        f".. autoclass:: {name.path}\n   :members:\n"
        f"   :inherited-members: {', '.join(theirs)}\n   :show-inheritance:\n"
    )


def _of_value(name: Name) -> Iterator[str]:
    named = hasattr(name.value, "__supertype__")
    yield f".. py:{'class' if named else 'data'}:: {name.path}\n"
    if name.path != f"{name.home}.{name.own}":
        yield f"   :canonical: {name.home}.{name.own}\n"
    kind = f" A ``{name.value.__supertype__.__name__}``." if named else ""
    if isinstance(name.value, str | int) or type(name.value).__module__.startswith("trustlib"):
        yield f"   :value: {_shown(name.value)}\n"
    yield "\n"
    for line in f"{name.said}{kind}".splitlines():
        yield f"   {line.strip()}\n" if line.strip() else "\n"


def _shown(value: object) -> str:
    text = repr(value)
    return text.replace("datetime.timedelta", "timedelta")
