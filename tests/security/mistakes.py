"""The page of mistakes that other implementations made: our words, and the rows that prove them."""

from collections.abc import Iterator

from attrs import frozen
from security.rows import ROWS, Row

from trustlib.testing.attacks import CATALOGUE

REGISTRY = (
    Row(
        "T-61", "the registry answers with another manifest than it was asked for",
        ("registry/test_registry_lies.py::test_another_manifest_than_the_digest_asked_for_is_refused",
         "registry/test_registry_lies.py::test_a_header_that_contradicts_the_bytes_is_refused"),
        also=("CVE-2023-33959",),
    ),
    Row(
        "T-64", "the same bytes are an image to one program and an index to another",
        ("registry/test_registry_manifests.py::test_what_could_be_two_things_is_neither",
         "registry/test_registry_manifests.py::test_what_is_served_as_something_else_is_refused"),
        also=("CVE-2021-41190",),
    ),
    Row(
        "T-60 of layouts", "a list of a layout, or a blob, is read without end",
        ("registry/test_layout_read.py::test_a_huge_list_is_not_read",
         "registry/test_layout_read.py::test_a_huge_manifest_is_not_read_though_it_has_the_size_that_it_is_to_have"),
        also=("CVE-2023-25153",),
    ),
)  # fmt: skip


@frozen
class Chapter:
    """Mistakes of one shape, and why they have no place here."""

    title: str
    text: str
    rows: tuple[str, ...]


CHAPTERS = (
    Chapter(
        "Counting names instead of keys",
        """\
A threshold of two means that two keys must be stolen. It has been counted in signatures, so that one signature
written twice was two. It has been counted in key ids, so that one key listed under two ids was two. And a threshold
of zero has been met by nobody at all.

In trustlib one function counts, for root, for the other roles and for delegated ones alike. What it
counts are distinct public keys, parsed and compared as numbers and not as text. A threshold
below one cannot be written or read. And of a thousand signatures it looks at one for each key that may sign.""",
        ("T-02", "T-21", "T-24", "T-01", "T-59"),
    ),
    Chapter(
        "Using first and checking afterwards",
        """\
A root was written to disk, then checked, then refused; the next start took it from the disk as trusted. A
timestamp was kept although the snapshot that it named could not be accepted, and the client was stuck with it. The
file of a delegated role was not looked at as closely as the others. An exception on the way was taken for an answer.

Here what was checked is another type than what was not. A `Document` has no way to say what is in it except
through `.unverified`; a `Verified` can be made by one function, and the next step asks for a `Verified`. Nothing of a
refused file, or of what would come after it, is stored. And what is in the store is verified again each time, from
the anchor on, so whoever can write there is nobody special.""",
        ("T-03", "T-34", "T-35", "T-50", "T-56"),
    ),
    Chapter(
        "Letting a version go back",
        """\
Rollback was checked for one role and forgotten for another; or not when the remembered file had expired
meanwhile; or not for delegated roles, or for a role that was absent for one version. A root with the number 5 was
accepted where number 2 was asked for. An old root went on although it had expired.

The floor of each role is recalled before anything is asked for, expired or not, and there is one place
where versions are compared. They fall in one case only, when keys were taken away (§5.3.11), and then it is told.""",
        ("T-20", "T-33", "T-31", "T-41", "T-62"),
    ),
    Chapter(
        "Asking the wrong role",
        """\
A map has no order, so delegations kept in one are asked in any. A delegation that ends the search did not.
A bin was believed whatever it was called. A pattern was matched by the operating system's idea of file names, so
`FOO\\x` was in `foo/*`, but only on Windows. Or its `*` crossed a slash. A role that one delegator vouched for was believed when another one
named it.

Delegations are an ordered tuple and the search walks it as the specification says, with one matcher of our own that
knows two wildcards. A role is verified for each delegator that names it.""",
        ("T-22", "T-32", "T-05", "T-06", "T-07", "T-54"),
    ),
    Chapter(
        "Taking a name for a path",
        """\
The name of a role, of a target, of a repository is chosen by somebody else. Joined to a folder, `../../x` leads
out of it; and a link in the folder leads wherever it likes.

Names become file names by one function, which no two names leave as the same file on any file system, and which
yields one safe segment. Targets are written below a folder step by step, without following links. What cannot be
a target is refused, not mended.""",
        ("T-04", "T-25", "T-30", "T-36"),
    ),
    Chapter(
        "Believing the file about itself",
        """\
A signature said by which algorithm it was to be verified. A configuration was read because it lay in the working
directory. Evidence that was genuine, but of something else, was accepted.

The algorithm is that of the trusted key. Nothing is read that was not handed in: no environment, no folder. And
every role says under its signatures which collection and which role it is.""",
        ("T-40", "T-13", "T-57"),
    ),
    Chapter(
        "Falling over",
        """\
A `null` in the right place ended a client; endless lists, pages and layers ate its memory; a disk
that could not be written was a crash. Each of them is a way to keep somebody from updating.

What is read has limits, counted by the code that drives a transport and not by the transport. Hostile bytes raise a
`TrustError` or nothing: a fuzzer replaces everything by everything and looks.""",
        ("T-23", "T-60", "T-60 of layouts", "T-63"),
    ),
    Chapter(
        "Trusting the registry",
        """\
It was asked for one manifest and sent another, with a header that said it was the right one. The same
bytes were an image to one program and an index to the next. And it sent the client, with its password, to a server
of somebody else's.

Digests are computed over the bytes that came; headers are compared and never believed. A document that could be two
things is refused, and the media type is signed with the digest. Credentials go to the registry and to its own token
server, and nowhere else.""",
        ("T-61", "T-64", "T-65"),
    ),
)

WHOSE = {
    "CVE-2015-9258": "Notary before 0.1",
    "CVE-2015-9259": "Notary before 0.1",
    "CVE-2020-6173": "python-tuf before 0.12.2",
    "CVE-2020-6174": "python-tuf before 0.12.2",
    "CVE-2020-15093": "tough before 0.7.1",
    "CVE-2020-15157": "containerd before 1.2.14",
    "CVE-2020-15163": "python-tuf before 0.14",
    "CVE-2021-41087": "in-toto-golang",
    "CVE-2021-41131": "python-tuf before 0.19",
    "CVE-2021-41149": "tough before 0.12",
    "CVE-2021-41150": "tough before 0.12",
    "CVE-2021-41190": "the OCI specifications",
    "CVE-2022-29173": "go-tuf before 0.3.0",
    "CVE-2022-35929": "cosign",
    "CVE-2022-36056": "cosign",
    "CVE-2023-25153": "containerd",
    "CVE-2023-33959": "notation-go",
    "CVE-2023-46737": "cosign",
    "CVE-2023-47122": "gitsign",
    "CVE-2024-23332": "notation-go",
    "CVE-2024-29902": "cosign",
    "CVE-2024-45395": "sigstore-go before 0.6.1",
    "CVE-2024-47534": "go-tuf before 2.0.1",
    "CVE-2024-51491": "notation-go",
    "CVE-2025-2885": "tough before 0.20",
    "CVE-2025-2886": "tough before 0.20",
    "CVE-2025-2887": "tough before 0.20",
    "CVE-2025-2888": "tough before 0.20",
    "CVE-2026-22703": "cosign",
    "CVE-2026-23991": "go-tuf before 2.3.1",
    "CVE-2026-23992": "go-tuf before 2.3.1",
    "CVE-2026-24137": "sigstore before 1.10.4",
    "CVE-2026-24686": "go-tuf before 2.4.1",
    "CVE-2026-39395": "cosign",
    "CVE-2026-49834": "sigstore-go before 1.2.0",
    "CVE-2026-6966": "tough before 0.22",
    "CVE-2026-6967": "tough before 0.22",
    "CVE-2026-6968": "tough before 0.22",
    "GHSA-3633-5h82-39pq": "go-tuf before 0.3.2",
    "GHSA-77hh-43cm-v8j6": "python-tuf before 3.1.1",
    "GHSA-qp9x-wp8f-qgjj": "python-tuf before 7.0.0",
    "PYSEC-2023-63": "in-toto",
}

_OPENING = f"""\
% Made by `make pages` from the index of attacks: an edit here would be lost.

# Mistakes that others made

Implementations of The Update Framework, and of signatures for containers, have had these flaws. They were made by
careful people, found by careful people, and mended. They are here because the next implementation makes them
again: most of them were made by three or four independently. Each has tests here, named beside it, that fail when
the check is removed; {len(CATALOGUE)} attacks of a catalogue come on top, each played through every kind of client.

This is no claim that trustlib has no flaws. It is one that it does not have *these*.
"""


def page() -> str:
    """Return the page."""
    rows = {row.id: row for row in (*ROWS, *REGISTRY)}
    return "".join([_OPENING, *(_chapter(chapter, rows) for chapter in CHAPTERS)])


def _chapter(chapter: Chapter, rows: dict[str, Row]) -> str:
    table = "".join(_line(rows[each]) for each in chapter.rows)
    head = "| what went wrong | where | what holds it |\n| --- | --- | --- |\n"
    return f"\n## {chapter.title}\n\n{chapter.text}\n\n{head}{table}"


def _line(row: Row) -> str:
    tests = [f"`{test.partition('::')[2]}`" for test in row.tests]
    attacks = sum(bool({row.id, *row.also} & {*attack.ids}) for attack in CATALOGUE)
    tests += [f"{attacks} attack{'s' * (attacks != 1)} of the catalogue"] * bool(attacks)
    return f"| {row.words} | {'<br>'.join(_where(row))} | {'<br>'.join(tests)} |\n"


def _where(row: Row) -> Iterator[str]:
    for name in row.also:
        yield f"{WHOSE[name]}: [{name}]({_link(name)})"
    if not row.also:
        yield "no number"


def _link(name: str) -> str:
    if name.startswith("CVE"):
        return f"https://www.cve.org/CVERecord?id={name}"
    return f"https://{'github.com/advisories' if name.startswith('GHSA') else 'osv.dev/vulnerability'}/{name}"
