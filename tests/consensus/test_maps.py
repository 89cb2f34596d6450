"""Maps: strict, the same after a round trip, and nothing but MalformedError for hostile bytes."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustlib import HttpTransport, MalformedError
from trustlib.consensus import MapEntry, TrustMap, maps

VALUE = {
    "repositories": {
        "Django": ["https://djangoproject.example/", "http://mirror.example:8080/django"],
        "PyPI": ["https://pypi.example/"],
    },
    "mapping": [
        {
            "paths": ["django/django-1.*.tgz", "django/?"],
            "repositories": ["Django", "PyPI"],
            "threshold": 2,
            "terminating": True,
        },
        {"paths": ["*"], "repositories": ["PyPI"], "threshold": 1, "terminating": False},
    ],
}


def parse(value):
    return TrustMap.parse(json.dumps(value).encode())


def edited(path, value):
    """VALUE with *value* at *path*; ``...`` removes what is there."""
    whole = at = copy.deepcopy(VALUE)
    for step in path[:-1]:
        at = at[step]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return whole


def refused(path, value):
    with pytest.raises(MalformedError) as error:
        parse(edited(path, value))
    assert "map.json" == error.value.document
    return error.value


def test_a_map_says_who_must_agree_on_what():
    trust_map = parse(VALUE)

    assert ("https://pypi.example/",) == trust_map.repositories["PyPI"]
    first, second = trust_map.mapping
    assert ("Django", "PyPI") == first.repositories
    assert (2, True) == (first.threshold, first.terminating)
    assert (1, False) == (second.threshold, second.terminating)
    assert ("django/django-1.*.tgz", "django/?") == first.paths


def test_a_map_is_a_value():
    assert parse(VALUE) == parse(VALUE)
    assert hash(parse(VALUE)) == hash(parse(VALUE))
    assert {"Django", "PyPI"} == set(parse(VALUE).repositories)


def test_patterns_match_as_those_of_delegations_do():
    trust_map = parse(VALUE)
    first, second = trust_map.mapping

    assert (first,) == trust_map.covering("django/django-1.4.tgz")
    assert (first,) == trust_map.covering("django/x")
    assert (second,) == trust_map.covering("six.tgz")
    assert () == trust_map.covering("django/django-2.tgz")
    assert () == trust_map.covering("django/django-1./x.tgz")
    assert () == trust_map.covering("DJANGO/x")


def test_a_terminating_entry_is_the_last_that_is_consulted():
    entries = (
        MapEntry(paths=["a"], repositories=["r"], threshold=1),
        MapEntry(paths=["*"], repositories=["r"], threshold=1, terminating=True),
        MapEntry(paths=["*"], repositories=["r"], threshold=1),
    )
    trust_map = TrustMap(repositories={"r": ["https://r.example/"]}, mapping=entries)

    assert entries[:2] == trust_map.covering("a")
    assert entries[1:2] == trust_map.covering("b")


# -- names and URLs ---------------------------------------------------------------------

BAD_NAMES = [
    "../../x", "..", ".", "", "a/b", "a\\b", "/etc", "C:", "con", "CON", "Con.json", "nul", "LPT1",
    "com9.x.y", ".trustlib", "a.", "a ", " a", "a\n", "a\0b", "ä", "ＡＢ", "x" * 65, "x" * 300, "%2e%2e",
    "~", "~root", "-rf", "a:b", "a*", "\u202ea",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_could_be_a_path_is_refused(name):
    """T-25 (CVE-2026-24686)."""
    whole = edited(("repositories", name), ["https://x.example/"])

    with pytest.raises(MalformedError) as error:
        parse(whole)
    assert error.value.path.startswith("$.repositories")
    assert str(error.value).isprintable()
    with pytest.raises(ValueError):
        TrustMap(repositories=whole["repositories"], mapping=parse(VALUE).mapping)


@pytest.mark.parametrize("name", ["a", "A-1", "a_b", "x" * 64, "django.example", "con1", "0"])
def test_plain_names_are_names(name):
    assert name in parse(edited(("repositories", name), ["https://x.example/"])).repositories


def test_two_names_that_are_one_folder_on_some_systems_are_refused():
    assert "pypi" in str(refused(("repositories", "pypi"), ["https://x.example/"]))


BAD_URLS = [
    "file:///etc/passwd", "ftp://x.example/", "x.example", "", "//x.example/", "https://",
    "https://x.example/?q=1", "https://x.example/#f", "https://x.example/a/../b", "https://ä.example/",
    "https://x.example:99999/", "HTTPS://x.example/ ", "javascript:alert(1)", "data:,x", "http:/x",
    "https://x.example/%2e%2e/", "ssh://x.example/", "gopher://x/", "https://x.example\\@y.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", BAD_URLS)
def test_a_url_that_no_transport_would_take_is_refused(url):
    """T-28."""
    with pytest.raises(ValueError):
        HttpTransport(url)
    assert "$.repositories.PyPI[0]" == refused(("repositories", "PyPI"), [url]).path
    with pytest.raises(ValueError):
        TrustMap(
            repositories={**VALUE["repositories"], "PyPI": [url]}, mapping=parse(VALUE).mapping
        )


def test_a_password_in_a_url_is_refused_and_not_repeated():
    """T-28."""
    error = refused(("repositories", "PyPI"), ["https://ann:hunter2@x.example/?token=hunter3"])

    assert "hunter" not in str(error)
    assert "hunter" not in repr(vars(error))


def test_one_url_under_two_names_is_refused():
    assert "Django" in str(refused(("repositories", "PyPI"), ["https://djangoproject.example"]))


# -- everything else that no map may say ------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("repositories",), ...),
        (("mapping",), ...),
        (("repositories",), {}),
        (("mapping",), []),
        (("repositories", "PyPI"), []),
        (("repositories", "PyPI"), "https://pypi.example/"),
        (("mapping", 0, "paths"), []),
        (("mapping", 0, "paths"), [""]),
        (("mapping", 0, "paths"), "*"),
        (("mapping", 0, "repositories"), []),
        (("mapping", 0, "repositories"), ["Django", "Django"]),
        (("mapping", 0, "repositories"), ["Django", "django"]),
        (("mapping", 0, "repositories"), ["Django", "nobody"]),
        (("mapping", 0, "threshold"), 0),
        (("mapping", 0, "threshold"), 3),
        (("mapping", 0, "threshold"), -1),
        (("mapping", 0, "threshold"), True),
        (("mapping", 0, "threshold"), "2"),
        (("mapping", 0, "threshold"), ...),
        (("mapping", 0, "terminating"), ...),
        (("mapping", 0, "terminating"), 1),
        (("mapping", 0, "terminating"), None),
        (("mapping", 0, "paths"), ...),
        (("mapping", 0, "repositories"), ...),
        (("mapping", 0, "treshold"), 2),
        (("expires",), "2030-01-01T00:00:00Z"),
        (("mapping", 0, "paths"), ["x" * (maps.MAX_PATTERN + 1)]),
        (("mapping", 0, "paths"), ["x"] * (maps.MAX_PATHS + 1)),
        (("mapping",), [VALUE["mapping"][1]] * (maps.MAX_ENTRIES + 1)),
        (("repositories", "PyPI"), [f"https://{n}.example/" for n in range(maps.MAX_URLS + 1)]),
        (
            ("repositories",),
            {f"r{n}": [f"https://{n}.example/"] for n in range(maps.MAX_REPOSITORIES + 1)},
        ),
    ],
)
def test_what_cannot_be_heeded_is_refused(path, value):
    """T-28, T-59: nothing is left out, nothing is empty, nothing is there that we do not know."""
    assert refused(path, value).path.startswith("$")


def test_more_repositories_than_can_be_counted_are_refused():
    names = [f"r{n}" for n in range(17)]
    value = {
        "repositories": {name: [f"https://{name}.example/"] for name in names},
        "mapping": [{**VALUE["mapping"][1], "repositories": names}],
    }

    with pytest.raises(MalformedError) as error:
        parse(value)
    assert "$.mapping[0]" == error.value.path


def test_the_largest_map_is_bounded_in_bytes():
    raw = json.dumps(VALUE).encode()

    assert TrustMap.parse(raw.ljust(maps.MAX_MAP))
    with pytest.raises(MalformedError):
        TrustMap.parse(raw.ljust(maps.MAX_MAP + 1))


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 100_000, b'{"mapping": 1e3}', b'{"a":1,"a":1}'],
)
def test_what_is_no_map_file_is_refused(raw):
    with pytest.raises(MalformedError):
        TrustMap.parse(raw)


def test_a_sentence_says_where_and_what():
    assert (
        "map.json: at $.mapping[0]: expected a threshold from 1 to the number of repositories, 2,"
        " got '3'"
    ) == str(refused(("mapping", 0, "threshold"), 3))
    assert (
        "map.json: at $.mapping[0].treshold: expected no other members than paths, repositories,"
        " threshold, terminating, got 2"
    ) == str(refused(("mapping", 0, "treshold"), 2))


def test_one_string_is_no_list_of_names():
    """It can be iterated over, and each of its letters could be a pattern."""
    with pytest.raises(TypeError):
        MapEntry(paths="*", repositories=("a",), threshold=1)
    with pytest.raises(TypeError):
        TrustMap(repositories={"a": "https://a.example/"}, mapping=())


def places(value, path=()):
    """Every place in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for key, inner in items:
            yield from (
                places(inner, (*path, key)) if isinstance(inner, dict | list) else [(*path, key)]
            )


def complaint(value):
    """What is said against *value*, or nothing if it is a map."""
    try:
        parse(value)
    except MalformedError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("put", [None, [], {}, 1, "", True, ...], ids=repr)
def test_a_map_with_anything_anywhere_is_read_or_refused(put):
    for path in places(VALUE):
        if path:
            assert complaint(edited(path, put)).isprintable()
        elif put is not ...:
            assert "" != complaint(put)


# -- there and back ---------------------------------------------------------------------

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,4}", fullmatch=True).filter(
    lambda name: name.lower() not in ("con", "prn", "aux", "nul", "com1", "lpt1")
)


@st.composite
def trust_maps(draw):
    repositories = draw(st.lists(names, min_size=1, max_size=4, unique_by=str.lower))
    entries = []
    for _ in range(draw(st.integers(1, 3))):
        some = draw(st.lists(st.sampled_from(repositories), min_size=1, unique=True))
        entries.append(
            MapEntry(
                paths=draw(
                    st.lists(
                        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
                        min_size=1,
                        max_size=3,
                    )
                ),
                repositories=some,
                threshold=draw(st.integers(1, len(some))),
                terminating=draw(st.booleans()),
            )
        )
    urls = {name: (f"https://{name}.example/",) for name in repositories}
    return TrustMap(repositories=urls, mapping=tuple(entries))


@given(trust_maps())
def test_a_map_is_the_same_after_a_round_trip(trust_map):
    assert trust_map == TrustMap.parse(trust_map.render())


def test_a_map_file_is_for_people():
    rendered = parse(VALUE).render().decode()

    assert VALUE == json.loads(rendered)
    assert rendered.startswith('{\n  "repositories": {\n    "Django": [\n')
