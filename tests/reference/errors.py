"""The page of errors: what happened, why, and what to do; each error of the tree has its row."""

from collections.abc import Iterator
from itertools import takewhile

from package.sentences import SENTENCES
from reference.names import Name, names

from trustlib import TrustError

_OPENING = """\
# Errors

Everything that trustlib raises on purpose is a {py:class}`~trustlib.TrustError`, and which one it is
says what to do next. An error is data: what its sentence says is in its attributes, too, and `step` names the section
of the TUF specification that was not met, where there is one. A mistake of the program that calls is a `TypeError` or
a `ValueError`. If bytes from outside make anything else come out, that is a vulnerability, and `SECURITY.md` says how
to report it.

Catch the widest kind that you would treat alike. Most programs need three lines:

```text
except TransportError:      # try again later
except NotFoundError:       # nobody vouches for it: check the name
except TrustError:          # stop, show the sentence to a person
```

Whatever was refused is not stored, so asking again is always safe.

"""

# Why, and what to do. What happened is in the docstring, and the sentence in the tests of errors.
ADVICE = {
    "TrustError": (
        "The root of the tree; it is never raised itself.",
        "Show its sentence to a person. Do not go on with what was asked for.",
    ),
    "MalformedError": (
        "A publisher's program wrote it wrongly, a proxy answered with a page of its own, or somebody tries what a parser"
        " does with it.",
        "Look at the bytes: `document` and `path` say where. If they are the publisher's, report it there.",
    ),
    "UndecidedError": (
        "A Dockerfile or Compose file uses a variable whose value was not given.",
        "Give the values that `needs` names, as the build will.",
    ),
    "VerificationError": (
        "What all refusals have in common; one of the kinds below is raised.",
        "Stop. Do not use what was asked for, do not fall back on the registry's word, and find out which of the two it is:"
        " an attack, or a publisher in trouble.",
    ),
    "ThresholdError": (
        "Somebody changed a file or signed it with keys of their own; or the publisher published before all had signed;"
        " or the anchor is that of another repository.",
        "Compare `signed_by` with who should sign. If your anchor is old and the chain of roots was cut, get a newer one"
        " from the publisher by another way.",
    ),
    "RollbackError": (
        "A mirror or cache is old, somebody replays what was signed before, or the publisher restored a backup.",
        "Ask again, from another mirror if there is one. A publisher who lost state [replaces the timestamp's and snapshot's"
        " keys](../how-to/recover-from-theft.md); deleting the client's store only hides it.",
    ),
    "ExpiredError": (
        "Updates are withheld from you (freeze), or nobody renewed in time, or your clock is ahead.",
        "Check the clock, then ask the publisher whether there is something newer. As a publisher, [renew](../how-to/renew.md).",
    ),
    "LapsedError": (
        "A robot that renews was asleep for longer than it may be, or sees an expired collection for the first time.",
        "A person looks whether what is there is the newest state, and publishes it again.",
    ),
    "MismatchError": (
        "Files of two states were mixed, a file was replaced, or the registry says another digest than the publisher"
        " (`what`, `expected` and `got`).",
        "Do not use the bytes. If it is a tag, deploy by the digest of the binding, not by the tag.",
    ),
    "WrongCollectionError": (
        "The address is that of another collection that the same keys sign, or somebody shows you one.",
        "Check address and anchor: they must belong together.",
    ),
    "ClockError": (
        "The machine's clock went back, by a dead battery or by somebody who wants expired files to look fresh.",
        "Set the clock. If it was wrong *before*, remove the file that `reset` names.",
    ),
    "DisagreementError": (
        "Those who must agree were all heard, and say different things.",
        "Look at `answers`: whoever stands alone may be behind, or lied to, or lying.",
    ),
    "CertificateError": (
        "A certificate of a Notary root has expired, has another collection's name, or is too weak.",
        "`problems` has it for each key. Only the publisher can mend it.",
    ),
    "PinError": (
        "The collection was made anew with other keys, or somebody shows you one of their own.",
        "Ask the publisher, by another way, what to pin now.",
    ),
    "BridgeError": (
        "The new root takes over from another collection, which perhaps shares a key with yours.",
        "Do not cross. Ask the publisher, by another way, where your collection went.",
    ),
    "UnpinnedError": (
        "Trust pinning is on, and says nothing of this collection.",
        "Pin its certificate or authority, or do not ask for it.",
    ),
    "NotFoundError": (
        "The name is misspelt, nobody signed that tag yet, or the role that did is not asked.",
        "Check `name`. If it should be there, ask its publisher. Never take the registry's answer instead.",
    ),
    "NoTrustDataError": (
        "The address is wrong, nothing was ever published there, or somebody answers “not found” to everything.",
        "Check the address. A client that has a root already does not believe it.",
    ),
    "UnsignedImageError": (
        "A file to build from names an image that nobody vouches for.",
        "Have it signed, use another, or name it by digest: `file` and `line` say where it stands.",
    ),
    "LimitError": (
        "A repository outgrew the defaults, or somebody wants you to read without end.",
        "If the publisher says that it is that large, pass [wider limits](limits.md).",
    ),
    "TooLongError": (
        "A file is longer than its role's limit, or longer than the metadata says.",
        "As above. For a target there is nothing to widen: it is not the one that was signed.",
    ),
    "TransportError": (
        "No connection, a timeout, a status that is no answer, a body that broke off, or data that drips.",
        "Try again later, or use `Mirrors`. It says nothing about whether the file exists.",
    ),
    "UnheardError": (
        "Some of those who must agree could not be reached, and their word would decide.",
        "Try again later; `answers` says who was not heard.",
    ),
    "DeniedError": (
        "The credentials are missing, expired, or not allowed to do this.",
        "Log in, or ask the owner for access.",
    ),
    "StorageError": (
        "A disk is full or read-only, a folder belongs to somebody else, a bucket refused.",
        "Mend what `where` and `reason` say. Nothing is half written.",
    ),
    "ConflictError": (
        "Somebody published between your reading and your writing.",
        "Open the repository again, apply the edit, publish: `Publisher.retrying` does that.",
    ),
    "OverwrittenError": (
        "A registry has no compare-and-swap, so two publishers were both told that they were first.",
        "`trustlib.registry.reapplied()` makes the edit again; use"
        " [a lease](../how-to/content-trust-in-a-registry.md) if it happens often.",
    ),
    "RefusedUpdateError": (
        "A trust server holds what it is sent to rules of its own: versions, roles, keys.",
        "Read `code` and `kind`. Nothing was changed there.",
    ),
    "SigningError": (
        "A key is locked, absent, or not one that this request asks for; or the device says no.",
        "Ask the person who holds the key: `what` names it.",
    ),
    "WrongPassphraseError": (
        "A typing mistake, another key's passphrase, or a damaged file.",
        "Ask again, a few times; then take the backup.",
    ),
}


def page() -> str:
    """Return the page."""
    return "% Made by `make pages` from the code: an edit here would be lost.\n\n" + "".join(
        [_OPENING, *_rows(TrustError, 0)]
    )


def tree() -> dict[type, Name]:
    """Return every public error."""
    public = {name.value: name for name in names() if isinstance(name.value, type)}
    return {kind: name for kind, name in public.items() if issubclass(kind, TrustError)}


def _rows(kind: type, depth: int) -> Iterator[str]:
    name = tree()[kind]
    why, do = ADVICE[name.own]
    yield f"{'#' * min(depth + 2, 4)} {name.own}\n\n"
    yield f"{_what(kind)} {{py:class}}`→ reference <{name.path}>`\n\n"
    for said in [said for error, said in SENTENCES if type(error) is kind][:1]:
        yield f"```text\n{said}\n```\n\n"
    yield f"Why\n: {why}\n\nWhat to do\n: {do}\n\n"
    below = [each for each in tree() if kind in each.__bases__]
    for each in sorted(below, key=_order):
        yield from _rows(each, depth + 1)


def _order(kind: type) -> int:
    return list(ADVICE).index(kind.__name__)


def _what(kind: type) -> str:
    """Return the first paragraph of the docstring, in the words of Markdown."""
    lines = takewhile(str.strip, str(kind.__doc__).splitlines())
    return " ".join(line.strip() for line in lines).replace("``", "`")
