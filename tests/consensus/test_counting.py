"""Counting who says the same thing: nothing but values, and an oracle for them."""

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustlib._frozen import FrozenMap
from trustlib.roles import Target
from trustlib.workflow.counting import (
    MAX_WITNESSES,
    Apart,
    Open,
    Settled,
    Statement,
    judged,
    shared,
)

NAMES = ("a", "b", "c", "d", "e")


def nobody(one, other):
    """No two of them are alike."""
    return False


def says(length=1, media_type=None, **hashes):
    return Statement(length=length, hashes=FrozenMap(hashes), media_type=media_type)


X, Y, Z = says(sha256="x"), says(sha256="y"), says(sha256="z")


def judge(threshold, alike=nobody, order=None, **said):
    return judged(order or tuple(said), threshold, said, alike)


def count(verdict):
    return len(verdict.by)


# -- what is the same thing -------------------------------------------------------------


def test_enough_who_say_the_same_settle_it():
    assert Settled(X, ("a", "b")) == judge(2, a=X, b=X)
    assert Settled(X, ("a", "c")) == judge(2, a=X, b=Y, c=X)
    assert Apart(1) == judge(2, a=X, b=Y)
    assert Apart(1) == judge(2, a=X, b=None)
    assert Apart(0) == judge(1, a=None)


@pytest.mark.parametrize(
    "other",
    [
        says(length=2, sha256="x"),
        says(sha256="y"),
        says(sha512="x"),
        says(media_type='"a/b"', sha256="x"),
        says(sha256="x", sha512="p"),
    ],
)
def test_whatever_differs_is_not_the_same(other):
    assert Apart(1) == judge(2, a=says(sha256="x", sha512="q"), b=other)


def test_a_hash_that_one_of_two_leaves_out_is_agreed_on_by_the_other_hash_alone():
    assert Settled(X, ("a", "b")) == judge(2, a=says(sha256="x", sha512="q"), b=X)
    assert Settled(X, ("a", "b")) == judge(2, a=X, b=says(sha256="x", sha512="q"))


def test_hashes_that_enough_of_those_who_agree_name_are_kept():
    both = says(sha256="x", sha512="q")

    assert Settled(both, ("a", "b")) == judge(2, a=both, b=both)
    assert Settled(both, ("a", "b", "c")) == judge(2, a=both, b=X, c=both)
    assert Settled(X, ("a", "b", "c")) == judge(3, a=both, b=X, c=both)


def test_nobody_stands_between_two_who_have_no_hash_in_common():
    """a and b agree by one algorithm, b and c by another; a and c by none."""
    between = says(sha256="x", sha512="q")

    assert Apart(2) == judge(3, a=X, b=between, c=says(sha512="q"))


def test_a_liar_who_adds_a_wrong_hash_stops_nobody_and_is_not_repeated():
    """a and b agree whatever c adds to what they say."""
    liar = says(sha256="x", sha512="lie")

    assert Settled(X, ("a", "b")) == judge(2, a=says(sha256="x", sha512="q"), b=X, c=liar)
    assert Settled(X, ("b", "c")) == judge(2, c=liar, b=X, order=("b", "c"))
    assert X == judge(2, c=liar, b=X, a=says(sha256="x", sha512="q")).statement


def test_what_has_no_hash_that_counts_is_agreed_on_by_nobody():
    """T-59: an empty set of hashes is equal to another one, and says nothing."""
    assert Apart(0) == judge(1, a=says(), b=says())
    assert says() == Statement.of(Target(length=1, hashes=FrozenMap({"md5": "x"})))


def test_true_is_not_one():
    """Python has them equal; JSON has not."""
    one, true = (
        Statement.of(
            Target(
                length=1,
                hashes=FrozenMap({"sha256": "x"}),
                custom=FrozenMap({"mediaType": value}),
            )
        )
        for value in (1, True)
    )

    assert Apart(1) == judge(2, a=one, b=true)


def test_custom_members_are_shared_if_all_have_them_alike():
    one, two = {"k": "v", "n": 1, "x": None}, {"n": True, "x": None, "k": "v"}

    assert FrozenMap({"k": "v", "x": None}) == shared([one, two])
    assert FrozenMap({"k": "v"}) == shared([one, one, {"k": "v"}])
    assert FrozenMap({"k": "v"}) == shared([one, {"k": "v", "n": 2}, one])
    assert FrozenMap(one) == shared([one])


def test_statements_fit_if_one_file_could_be_both():
    both = says(sha256="x", sha512="q")

    assert X.fits(both)
    assert both.fits(X)
    assert both.fits(says(sha512="q"))
    assert not X.fits(says(sha512="q"))
    assert not both.fits(says(sha256="x", sha512="p"))
    assert not X.fits(says(length=2, sha256="x"))
    assert not X.fits(says(media_type='"m"', sha256="x"))


def test_a_statement_is_told_in_a_few_words():
    assert "sha256:" + "a" * 12 + "…, 7 bytes" == str(says(length=7, sha256="a" * 64))
    assert 'sha256:x…, sha512:q…, 1 bytes, "m/t"' == str(
        says(media_type='"m/t"', sha256="x", sha512="q")
    )
    assert "no hash by sha256 or sha512, 1 bytes" == str(says())


@pytest.mark.parametrize("threshold", [0, -1])
def test_a_threshold_of_nothing_is_a_programming_error(threshold):
    with pytest.raises(ValueError):
        judge(threshold, a=X)


def test_too_many_to_count_are_a_programming_error():
    order = tuple(f"n{n}" for n in range(17))

    assert 16 == MAX_WITNESSES
    assert Open(0, order[:16]) == judge(1, order=order[:16])
    with pytest.raises(ValueError):
        judge(1, order=order)


# -- who counts -------------------------------------------------------------------------


def pairs(*alike):
    return lambda one, other: {one, other} in [set(pair) for pair in alike]


def test_one_witness_under_two_names_counts_once():
    assert Apart(1) == judge(2, pairs("ab"), a=X, b=X)
    assert Settled(X, ("a", "b", "c")) == judge(2, pairs("ab"), a=X, b=X, c=X)
    assert Apart(1) == judge(2, pairs("ab", "bc", "ac"), a=X, b=X, c=X)


def test_who_is_like_both_of_two_others_takes_nothing_from_them():
    """b is like a and like c, which are not alike: to say the same does not lower the count."""
    assert Apart(2) == judge(3, pairs("ab", "bc"), a=X, b=X, c=X)
    for order in ("abc", "bac", "cab", "bca"):
        assert Settled(X, tuple(order)) == judge(2, pairs("ab", "bc"), a=X, b=X, c=X, order=order)


@pytest.mark.parametrize("period", [1, 2, 16])
def test_counting_stays_cheap_however_many_there_are(period):
    """Trying every choice among sixteen would be 65,536 of them."""
    asked = []

    def alike(one, other):
        asked.append((one, other))
        return (int(one) - int(other)) % period == 0

    names = tuple(map(str, range(MAX_WITNESSES)))
    assert Settled(X, names) == judge(period, alike, order=names, **dict.fromkeys(names, X))
    assert len(asked) < 2_000


def test_a_hash_that_one_witness_names_under_two_names_is_named_once():
    both = says(sha256="x", sha512="q")

    assert Settled(X, ("a", "b", "c")) == judge(2, pairs("ab"), a=both, b=both, c=X)


# -- those who are silent ---------------------------------------------------------------


def test_a_majority_is_not_stopped_by_who_is_silent():
    assert Settled(X, ("b", "c")) == judge(2, b=X, c=X, order="abc")
    assert Settled(X, ("a", "b", "e")) == judge(3, a=X, b=X, e=X, order="abcde")


def test_a_majority_is_not_stopped_by_one_who_adds_a_wrong_hash_and_one_who_is_silent():
    """By sha256 all of them say the same; d and whoever is silent could outvote nobody."""
    both, wrong = says(sha256="x", sha512="q"), says(sha256="x", sha512="p")

    assert Settled(X, ("a", "b", "c")) == judge(3, a=X, b=both, c=both, d=wrong, order="abcde")


def test_who_is_silent_lowers_no_threshold():
    assert Open(1, ("b",)) == judge(2, a=X, order="ab")
    assert Open(1, ("b", "c")) == judge(3, a=X, order="abc")
    assert Apart(1) == judge(3, a=X, b=Y, order="abc")


def test_nobody_is_kept_from_us_so_that_another_answers_in_their_place():
    """If a may have the first word, the silence of a decides nothing."""
    assert Open(1, ("a",)) == judge(1, b=Y, order="ab")
    assert Settled(X, ("a",)) == judge(1, a=X, order="ab")
    # The example of TAP 3: a and d say x, b and c say y.
    assert Settled(X, ("a", "d")) == judge(2, a=X, b=Y, c=Y, d=X)
    assert Open(2, ("a",)) == judge(2, b=Y, c=Y, d=X, order="abcd")
    assert Open(2, ("d",)) == judge(2, a=X, b=Y, c=Y, order="abcd")
    assert Open(2, ("d",)) == judge(2, a=Z, b=Y, c=Y, order="abcd")
    assert Settled(Y, ("b", "c")) == judge(2, a=None, b=Y, c=Y, order="abcd")


def test_the_first_of_two_things_that_enough_say_is_what_counts():
    assert X == judge(1, a=X, b=Y).statement
    assert Y == judge(1, b=Y, a=X).statement
    assert Y == judge(1, a=X, b=Y, order="ba").statement


# -- properties -------------------------------------------------------------------------

statements = st.builds(
    lambda length, hashes, media_type: Statement(
        length=length, hashes=FrozenMap(hashes), media_type=media_type
    ),
    st.sampled_from([1, 2]),
    st.fixed_dictionaries(
        {}, optional={"sha256": st.sampled_from("xy"), "sha512": st.sampled_from("pq")}
    ),
    st.sampled_from([None, '"m/t"']),
)
orders = st.integers(1, 5).map(lambda n: NAMES[:n])
likenesses = st.frozensets(st.sampled_from(list(combinations(NAMES, 2))), max_size=3)


def like(likeness):
    return lambda one, other: (one, other) in likeness or (other, one) in likeness


@st.composite
def questions(draw):
    order = draw(orders)
    said = {name: draw(st.none() | statements) for name in order}
    return order, draw(st.integers(1, len(order))), said, draw(likenesses)


def agree(these, alike):
    """Whether these statements are one, said by so many witnesses: by definition, slowly."""
    if any(alike(one, other) for one, other in combinations(these, 2)):
        return False
    words = list(these.values())
    if len({(word.length, word.media_type) for word in words}) > 1:
        return False
    named = {a: {w.hashes[a] for w in words if a in w.hashes} for a in ("sha256", "sha512")}
    if any(len(digests) > 1 for digests in named.values()):
        return False
    return any(all(a in word.hashes for word in words) for a in named)


@given(questions())
def test_it_is_settled_if_and_only_if_enough_distinct_witnesses_say_the_same(question):
    order, threshold, said, likeness = question
    spoken = {name: word for name, word in said.items() if word is not None}

    verdict = judged(order, threshold, said, like(likeness))

    possible = any(
        agree({name: spoken[name] for name in names}, like(likeness))
        for names in combinations(spoken, threshold)
    )
    assert possible == isinstance(verdict, Settled)
    assert possible != isinstance(verdict, Apart)
    if isinstance(verdict, Settled):
        for algorithm, digest in verdict.statement.hashes.items():
            naming = [n for n in verdict.by if digest == said[n].hashes.get(algorithm)]
            assert any(
                not any(like(likeness)(*pair) for pair in combinations(names, 2))
                for names in combinations(naming, threshold)
            )


WORDS = (None, X, Y, says(sha512="q"), says(sha256="x", sha512="q"), says(sha256="x", sha512="p"))


def same_bytes(one, other):
    """Whether they name the same bytes, by one of their hashes at least if any is common."""
    common = one.hashes.keys() & other.hashes.keys()
    same = [algorithm for algorithm in common if one.hashes[algorithm] == other.hashes[algorithm]]
    whole = (one.length, one.media_type) == (other.length, other.media_type)
    return whole and (bool(same) or not common)


def heard_of(order, said, silent):
    return {name: said[name] for name in order if name not in silent}


def hold_together(order, threshold, said, alike):
    """Whoever is silent: what is decided without them is decided with them."""
    late = judged(order, threshold, said, alike)
    for count in range(len(order) + 1):
        for silent in combinations(order, count):
            early = judged(order, threshold, heard_of(order, said, silent), alike)
            match early:
                case Settled(statement):
                    assert isinstance(late, Settled)
                    assert same_bytes(statement, late.statement)
                case Apart():
                    assert isinstance(late, Apart)
                case Open():
                    assert silent


@pytest.mark.parametrize("threshold", [1, 2, 3])
@pytest.mark.parametrize("likeness", [(), (("a", "b"),), (("a", "c"), ("b", "c"))])
def test_what_is_decided_stays_decided_whoever_else_speaks(threshold, likeness):
    """Every way to fill three places."""
    for words in product(WORDS, repeat=3):
        hold_together("abc", threshold, dict(zip("abc", words, strict=True)), like(likeness))


@given(questions())
def test_what_is_decided_stays_decided_among_many(question):
    order, threshold, said, likeness = question

    hold_together(order, threshold, said, like(likeness))


@given(questions())
def test_a_majority_cannot_be_held_up(question):
    """If those who agree are enough, and more than half, silence of the rest is all one."""
    order, threshold, said, likeness = question
    verdict = judged(order, threshold, said, like(likeness))
    if isinstance(verdict, Settled) and 2 * threshold > len(order):
        heard = {name: said[name] for name in verdict.by}

        assert verdict == judged(order, threshold, heard, like(likeness))
