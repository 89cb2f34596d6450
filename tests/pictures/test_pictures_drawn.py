"""What the pictures of one collection show: as text, as Mermaid, as SVG, and as a page."""

import hashlib
import itertools
import re
from base64 import b64encode

import pytest
from core.worlds import DAY, NOW
from pictures import samples
from pictures.reading import elements, parsed, words_of
from pictures.test_pictures_facts import many
from publish.desks import created

from trustlib.inspect import chain, collection_of, drawing, mermaid, page, timeline, tree
from trustlib.inspect.style import DARK, LIGHT


def draw(kind):
    return kind(samples.facts(), now=samples.TODAY)


def test_the_tree_is_text():
    assert [
        "docker.io/acme",
        "The first signature expired 2 days ago (2030-01-22 12:00Z).",
        "root: version 1, 2 of 3 keys, in 12 months (2031-02-05 12:00Z)",
        "├─ timestamp: version 1, 1 of 1 key, in 5 hours (2030-01-25 12:00Z) !",
        "├─ snapshot: version 1, 1 of 1 key, in 6 days (2030-01-31 12:00Z)",
        "└─ targets: version 1, 2 of 3 keys, in 66 days (2030-04-01 12:00Z)",
        "   ├─ releases: version 1, 2 of 2 keys, 2 targets, in 66 days (2030-04-01 12:00Z),"
        " for acme/app:*, acme/api:*",
        "   ├─ web-team: version 1, 1 of 1 key, 1 target, in 66 days (2030-04-01 12:00Z),"
        " for acme/web-*",
        "   │  └─ web-team/nightly: version 1, 1 of 1 key, expired 2 days ago"
        " (2030-01-22 12:00Z) !!, for acme/web-nightly:*",
        "   └─ mirror: version 1, 1 of 1 key, in 66 days (2030-04-01 12:00Z), for mirror/*",
        "      └─ bin-*: 16 bins, version 1, 1 of 1 key, 60 targets, the first in 66 days"
        " (2030-04-01 12:00Z)",
    ] == draw(tree).splitlines()


def test_the_tree_of_an_answer_says_who_signed():
    told = tree(collection_of(samples.binding()), now=NOW)

    assert "releases: version 1, 2 of 2 keys, 2 signed, 2 targets" in told
    assert "web-team: not read, 1 of 1 key" in told


def test_mermaid_has_a_node_for_each_role_and_an_arrow_from_who_names_its_keys():
    lines = draw(mermaid).splitlines()

    assert "flowchart LR" == lines[0]
    assert '  n0["root<br/>version 1<br/>2 of 3 keys<br/>in 12 months"]:::good' in lines
    assert '  n1["timestamp<br/>version 1<br/>1 of 1 key<br/>in 5 hours"]:::soon' in lines
    assert any("nightly" in line and line.endswith(":::expired") for line in lines)
    assert 9 == sum("[" in line for line in lines)
    assert ["n0 --> n1", "n0 --> n2", "n0 --> n3", "n3 --> n4", "n3 --> n5", "n5 --> n6"] == [
        line.strip() for line in lines if "-->" in line
    ][:6]


def test_mermaid_stays_below_what_renderers_take():
    told = mermaid(collection_of(many(1_000)), now=NOW)

    assert 50_000 > len(told)
    assert "and 976 roles more" in told


@pytest.mark.parametrize("kind", [drawing, timeline])
def test_a_drawing_is_a_file_of_its_own(kind):
    svg = draw(kind)

    parsed(svg)
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" ')
    assert "web-team/nightly" in words_of(svg)
    assert "expired 2 days ago" in words_of(svg)
    assert 1 == len(elements(svg, "style"))


def test_what_ends_first_stands_first_on_the_time_line():
    named = [one.text for one in elements(draw(timeline), "text") if one.get("class") == "name"]

    assert ["web-team/nightly", "timestamp", "snapshot"] == named[:3]
    assert "root" == named[-1]


def test_an_hour_a_day_and_a_year_are_apart_on_the_time_line():
    ends = [float(one.get("cx")) for one in elements(draw(timeline), "circle")]

    assert sorted(ends) == ends
    assert ends[2] - ends[1] > 100 < ends[-1] - ends[3]


def test_an_explanation_is_a_chain_that_ends_in_the_answer():
    svg = chain(samples.binding().explain(), now=NOW)
    told = words_of(svg)

    assert ["root", "timestamp", "snapshot", "targets", "releases", "acme/app:1.5"] == [
        one.text for one in elements(svg, "text") if one.get("class") == "name"
    ]
    assert f"is sha256:{64 * 'b'}" in told
    assert "says releases" in told
    assert "version 1, 2 needed; checked: signatures" in told
    assert 4 == len(elements(svg, "path"))


def test_an_explanation_of_thousands_of_roles_is_counted():
    explanation = samples.binding().explain()
    long = type(explanation)(
        answer="it is so", source=None, valid_until=None, roles=explanation.roles * 100
    )

    assert "and 460 roles more" in words_of(chain(long, now=NOW))


def test_a_page_says_everything():
    told = words_of(samples.everything())

    for section in (
        "Who trusts whom",
        "Who can sign what",
        "Until when",
        "What changes",
        "Who must sign",
        "What was found",
        "Why acme/app:1.5 is believed",
    ):
        assert section in told
    assert "not sound" in told
    assert "3 roles of 5 must still be signed." in told
    assert "acme/app:1.5 moves from" in told
    assert "web-team may be signed by" in told


def test_whoever_gains_power_stands_first_among_the_changes():
    told = words_of(samples.everything())

    assert told.index("Who may do what") < told.index("What tags and targets stand for")
    assert told.index("What tags and targets stand for") < told.index("Versions")


def test_a_flood_of_changes_hides_no_other_kind():
    before = created()
    after = before
    for n in range(50):
        after = after.with_tag(f"acme/app:{n}", digest="sha256:" + 64 * "a", size=1)
    after = after.with_keys("snapshot", samples.key("bob"))
    from trustlib.publish import changes

    told = words_of(page(collection_of(after), now=NOW, changes=changes(before, after)))

    assert "… and 30 more like these" in told
    assert "snapshot may be signed by" in told


def test_a_page_says_nothing_of_what_it_was_not_given():
    told = words_of(page(samples.facts(), now=samples.TODAY))

    assert "What changes" not in told
    assert "Who must sign" not in told
    assert "What was found" not in told
    assert "Nothing." in words_of(page(samples.facts(), now=samples.TODAY, changes=()))


def test_a_key_that_signs_alone_is_told_apart():
    chips = {
        "".join(one.itertext())
        for one in elements(samples.everything(), "span")
        if "chip" in one.get("class", "").split()
    }

    assert {"timestamp alone", "snapshot alone", "targets 2 of 3", "releases 2 of 2"} <= chips


def test_the_same_facts_make_the_same_bytes():
    once = samples.everything()
    samples.everything.cache_clear()
    samples.facts.cache_clear()

    assert once == samples.everything()


def test_a_page_that_is_a_thousand_roles_long_is_short():
    for deep in (False, True):
        made = page(collection_of(many(1_000, expires=NOW - DAY, deep=deep)), now=NOW)

        parsed(made)
        assert 150_000 > len(made)
        assert "Not all is drawn" in made


# -- for everybody, everywhere ----------------------------------------------------------


def test_a_page_runs_nothing_and_fetches_nothing():
    made = samples.everything()
    style = elements(made, "style")[0].text
    (policy,) = (m.get("content") for m in elements(made, "meta") if m.get("http-equiv"))
    fingerprint = b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert (
        f"default-src 'none'; style-src 'sha256-{fingerprint}'; base-uri 'none'; form-action 'none'"
    ) == policy
    assert not re.search(r"url\(|@import|expression", style)
    assert ["http://www.w3.org/2000/svg"] == sorted(set(re.findall(r"https?://[^\s\"]+", made)))


def test_every_drawing_has_a_name_a_description_and_its_words_beside_it():
    made = samples.everything()

    for svg in elements(made, "svg"):
        title, description = list(svg)[:2]
        assert "img" == svg.get("role")
        assert title.get("id") == svg.get("aria-labelledby")
        assert description.get("id") == svg.get("aria-describedby")
        assert title.text
        assert description.text
    tables = " ".join("".join(one.itertext()) for one in elements(made, "table"))
    for one in samples.facts().drawn:
        assert one.name in tables
        assert all(fingerprint in tables for fingerprint in one.keys)


def test_headings_go_down_one_step_at_a_time():
    levels = [
        int(tag[1])
        for one in parsed(samples.everything()).iter()
        if re.fullmatch("h[1-6]", tag := one.tag)
    ]

    assert 1 == levels[0] == min(levels)
    assert 1 == levels.count(1)
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def luminance(colour):
    channels = (int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5))
    red, green, blue = (
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["day", "night"])
def test_everything_can_be_read_by_day_and_by_night(colours):
    states = ("good", "soon", "expired", "unknown")
    pairs = [
        *((ink, back) for ink in ("ink", "muted", "key", *states) for back in ("paper", "card")),
        *((state, f"{state}-soft") for state in states),
        *(("ink", f"{state}-soft") for state in states),
        *(("muted", f"{state}-soft") for state in ("good",)),
    ]
    for one, other in pairs:
        dark, light = sorted((luminance(colours[one]), luminance(colours[other])))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (one, other)


def test_a_page_can_be_printed():
    style = elements(samples.everything(), "style")[0].text

    assert "@media print" in style
    assert "@page" in style
    assert "@media screen and (prefers-color-scheme:dark)" in style  # paper has no night
