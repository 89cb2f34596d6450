"""Several roles of one repository must list the same thing (TAP 3)."""

import attrs
import pytest
from consensus.sites import Served, anchor_of, ask, updater
from core.worlds import (
    DAY,
    LATER,
    NOW,
    SECOND,
    World,
    carried_out,
    grant,
    grants,
    keyids,
    keys,
    listing,
    only_version,
)

from trustlib import (
    AsyncUpdater,
    Delegations,
    Digest,
    FrozenMap,
    Limits,
    MemoryStorage,
    MismatchError,
    SuccinctRoles,
    Updater,
)
from trustlib._types import TOP_LEVEL
from trustlib.errors import ExpiredError, LimitError, NotFoundError, ThresholdError
from trustlib.roles import Targets
from trustlib.workflow import RolesAgree, find, find_agreed
from trustlib.workflow.counting import Statement
from trustlib.workflow.dissent import DisagreementError

GOOD, EVIL = listing("good"), listing("evil")
BOTH = RolesAgree(roles=("build", "security"), threshold=2)


def role(target=None, *, path="app", **more):
    listed = FrozenMap({} if target is None else {path: target})
    return Targets(version=1, expires=more.pop("expires", LATER), targets=listed, **more)


def tree(*given, top=None, **roles):
    """targets delegates what is *given*; it lists *top* itself, or nothing."""
    world = World.create().delegating(*given)
    listed = FrozenMap({} if top is None else {"app": top})
    return world.edited("targets", targets=listed).with_roles(roles)


def two(build=GOOD, security=GOOD, **more):
    """A repository in which build and security may both speak for everything."""
    return tree(
        grant("build", "*"),
        grant("security", "*"),
        build=role(build),
        security=role(security),
        **more,
    )


def agreed(world, agreement=BOTH, path="app", *, known=None, limits=None, log=None, files=None):
    workflow = find_agreed(
        world.trusted(NOW),
        path,
        agreement,
        limits=limits or Limits(),
        known={} if known is None else known,
    )
    return carried_out(workflow, files or world.files(), {}, log)


def disagreed(world, agreement=BOTH, **more):
    with pytest.raises(DisagreementError) as error:
        agreed(world, agreement, **more)
    return error.value


# -- agreement --------------------------------------------------------------------------


def test_a_target_counts_if_enough_roles_list_it_alike():
    found = agreed(two())

    assert GOOD == found.target
    assert ("targets", "build", "security") == found.via
    assert {"build": ("targets", "build"), "security": ("targets", "security")} == {
        name: one.via for name, one in found.by.items()
    }
    assert found.files == found.by["build"].files != ()


@pytest.mark.parametrize(
    ("build", "security"), [(GOOD, EVIL), (EVIL, GOOD), (GOOD, None), (None, GOOD)]
)
def test_one_role_alone_is_not_enough(build, security):
    error = disagreed(two(build, security))

    assert ("app", 2, 1) == (error.path, error.threshold, error.most)
    said = {None: None, GOOD: Statement.of(GOOD), EVIL: Statement.of(EVIL)}
    assert {"build": said[build], "security": said[security]} == dict(error.answers)
    assert "with keys of their own" in str(error)


def test_who_does_not_list_it_is_told():
    assert "; security: does not list it); " in str(disagreed(two(GOOD, None)))


def test_what_none_of_the_roles_lists_is_not_found():
    with pytest.raises(NotFoundError) as error:
        agreed(two(None, None))
    assert "app: none of build, security vouches for it; check the name" == str(error.value)
    with pytest.raises(NotFoundError):
        agreed(two(None, None, top=GOOD))


def test_two_of_three_are_enough_and_the_third_is_outvoted():
    world = tree(*(grant(name, "*") for name in "abc"), a=role(EVIL), b=role(GOOD), c=role(GOOD))
    agreement = RolesAgree(roles=("a", "b", "c"), threshold=2)

    assert GOOD == agreed(world, agreement).target
    assert (
        EVIL
        == carried_out(
            find(world.trusted(NOW), "app", limits=Limits(), known={}), world.files(), {}
        ).target
    )  # which is what agreement is for


def test_the_example_of_the_proposal():
    """The most prior role whose word enough others share decides."""
    world = tree(
        *(grant(name, "*") for name in "abcd"),
        a=role(GOOD), b=role(EVIL), c=role(EVIL), d=role(GOOD),
    )  # fmt: skip
    agreement = RolesAgree(roles=("a", "b", "c", "d"), threshold=2)

    assert GOOD == agreed(world, agreement).target
    assert EVIL == agreed(world, RolesAgree(roles=("b", "c", "d", "a"), threshold=2)).target


def test_only_what_they_all_say_is_in_the_answer():
    """T-51; TAP 3 lets custom metadata differ."""
    build = listing("good", custom={"usage": "all", "n": 1}, hashes=("sha256", "sha512"))
    security = listing("good", custom={"usage": "all"})

    found = agreed(two(build, security))

    assert FrozenMap({"usage": "all"}) == found.target.custom
    assert ["sha256"] == list(found.target.hashes)
    assert build == found.by["build"].target


def test_an_answer_holds_until_the_first_of_all_who_were_asked_expires():
    world = tree(
        grant("other", "*"), grant("build", "*"), grant("security", "*"),
        other=role(expires=LATER - DAY), build=role(GOOD), security=role(GOOD),
    )  # fmt: skip

    assert LATER - DAY == agreed(world).valid_until


def test_an_answer_tells_whom_it_is_from():
    told = agreed(two()).explain()

    assert told.answer.endswith(", say build and security")
    assert {*TOP_LEVEL, "build", "security"} == {vouched.role for vouched in told.roles}
    assert (
        agreed(two(), RolesAgree(roles=("build",), threshold=1))
        .explain()
        .answer.endswith(", says build")
    )


def test_nobody_is_asked_once_enough_agree():
    log = []
    world = tree(*(grant(name, "*") for name in "abc"), a=role(GOOD), b=role(GOOD), c=role(GOOD))

    agreed(world, RolesAgree(roles=("a", "b", "c"), threshold=2), log=log)

    assert not any("c.json" in str(effect) for effect in log)


def test_the_top_level_role_may_be_one_of_them_and_counts_with_nobody_below_it():
    """Whoever signs targets decides who build is."""
    assert GOOD == agreed(two(top=GOOD), RolesAgree(roles=("targets",), threshold=1)).target
    assert 1 == disagreed(two(top=GOOD), RolesAgree(roles=("targets", "build"), threshold=2)).most


# -- who may speak ----------------------------------------------------------------------


def test_a_role_that_may_not_speak_for_the_path_says_nothing():
    world = tree(
        grant("build", "*"), grant("security", "other/*"), build=role(GOOD), security=role(GOOD)
    )

    assert disagreed(world).answers["security"] is None


def test_a_role_that_nobody_delegates_to_says_nothing():
    world = tree(grant("build", "*"), build=role(GOOD), security=role(GOOD))

    assert disagreed(world).answers["security"] is None


def test_a_role_that_is_not_there_keeps_nobody_waiting():
    """It is first in the list, and the delegations do not lead to it: it has no say."""
    agreement = RolesAgree(roles=("ghost", "build"), threshold=1)

    assert {"build"} == set(agreed(two(), agreement).by)


def test_a_terminating_delegation_leaves_those_who_come_later_no_say():
    world = tree(
        grant("build", "*", terminating=True),
        grant("security", "*"),
        build=role(GOOD),
        security=role(GOOD),
    )

    assert disagreed(world).answers["security"] is None


def test_roles_are_found_at_any_depth():
    world = tree(
        grant("a", "*"), grant("b", "*"),
        a=role(delegations=grants(grant("build", "*"))),
        b=role(delegations=grants(grant("security", "*"))),
        build=role(GOOD), security=role(GOOD),
    )  # fmt: skip

    assert ("targets", "a", "build", "b", "security") == agreed(world).via


def test_a_bin_may_be_one_of_them():
    world = World.create().edited("targets", targets=FrozenMap())
    bins = SuccinctRoles(keyids=keyids("bins"), threshold=1, bit_length=1, name_prefix="bin")
    world = world.edited("targets", delegations=Delegations(keys=keys("bins"), roles=bins))
    name = bins.bin_for("app")
    world = world.with_roles({name: role(GOOD)}).signed_by(name, "bins").sealed()

    assert GOOD == agreed(world, RolesAgree(roles=(name,), threshold=1)).target


# -- who counts as one ------------------------------------------------------------------


def test_one_key_that_signed_for_both_counts_once():
    world = tree(
        grant("build", "*", by=("shared",)), grant("security", "*", by=("shared",)),
        build=role(GOOD), security=role(GOOD),
    )  # fmt: skip
    world = world.edited(
        "targets", delegations=grants(*world.targets.delegations.roles, knowing=("shared",))
    )
    world = world.signed_by("build", "shared").signed_by("security", "shared").sealed()

    assert 1 == disagreed(world).most


def sharing(build_by, security_by):
    """Both roles may be signed by a key of their own, or by one that they share."""
    given = (
        grant("build", "*", by=("build", "shared")),
        grant("security", "*", by=("security", "shared")),
    )
    world = tree(*given, build=role(GOOD), security=role(GOOD))
    world = world.edited("targets", delegations=grants(*given, knowing=("shared",)))
    return world.signed_by("build", *build_by).signed_by("security", *security_by).sealed()


def test_a_key_that_may_sign_for_both_counts_for_the_one_it_signed_for():
    """The thief of one key has one role, whichever."""
    assert 1 == disagreed(sharing(["shared"], ["shared"])).most
    assert GOOD == agreed(sharing(["build"], ["shared"])).target
    assert GOOD == agreed(sharing(["shared"], ["security"])).target
    assert GOOD == agreed(sharing(["build"], ["security"])).target


def test_a_key_under_two_ids_is_one_key():
    world = sharing(["shared"], ["shared"]).but(listing=only_version)
    delegations = world.targets.delegations
    (shared,) = keyids("shared")
    listed = delegations.keys.including({"another-name": delegations.keys[shared]})
    build, security = delegations.roles
    given = (build, attrs.evolve(security, keyids=("another-name",)))
    world = world.edited("targets", delegations=Delegations(keys=listed, roles=given)).sealed()
    files = world.files()
    renamed = files["1.security.json"].replace(shared.encode(), b"another-name")

    assert 1 == disagreed(world, files={**files, "1.security.json": renamed}).most


def test_a_role_that_another_appoints_does_not_count_beside_it():
    """Whoever has build can give security any key there is."""
    world = tree(
        grant("build", "*"),
        build=role(GOOD, delegations=grants(grant("security", "*"))),
        security=role(GOOD),
    )

    assert 1 == disagreed(world).most


def test_a_key_that_signed_for_one_and_appoints_the_other_counts_once():
    """targets → build, and targets → team → security; team is signed by the key of build."""
    given = (grant("build", "*"), grant("team", "*", by=("build",)))
    world = tree(
        *given,
        build=role(GOOD),
        team=role(delegations=grants(grant("security", "*"))),
        security=role(GOOD),
    )

    world = world.signed_by("team", "build").sealed()
    assert 1 == disagreed(world).most


def test_who_appoints_both_makes_them_no_less_two():
    """As targets itself does: somebody must say who the roles are."""
    world = tree(
        grant("team", "*"),
        team=role(delegations=grants(grant("build", "*"), grant("security", "*"))),
        build=role(GOOD), security=role(GOOD),
    )  # fmt: skip

    assert GOOD == agreed(world).target


@pytest.mark.parametrize("name", ["build", "security"])
def test_who_appoints_both_may_sign_for_one_of_them(name):
    """The key of team can make both say anything as it is."""
    given = [grant(one, "*", by=("team" if one == name else one,)) for one in BOTH.roles]
    world = tree(
        grant("team", "*"),
        team=role(delegations=grants(*given, knowing=("team",))),
        build=role(GOOD), security=role(GOOD),
    )  # fmt: skip

    assert GOOD == agreed(world.signed_by(name, "team").sealed()).target


# -- who comes first --------------------------------------------------------------------


def test_a_role_that_comes_first_and_says_otherwise_is_not_overruled():
    """A plain search would give what it says, and an agreement only ever asks for more."""
    error = disagreed(two(top=EVIL))

    assert Statement.of(EVIL) == error.answers["targets"]
    assert "the word of targets comes before theirs" in str(error)
    assert GOOD == agreed(two(top=GOOD)).target


def test_a_role_that_comes_later_and_says_otherwise_is_not_asked():
    world = tree(
        grant("build", "*"), grant("other", "*"), grant("security", "*"),
        build=role(GOOD), other=role(EVIL), security=role(GOOD),
    )  # fmt: skip

    assert GOOD == agreed(world).target


def test_one_of_the_roles_does_not_come_before_the_others():
    """They are peers: what a says first, b and c outvote."""
    world = tree(*(grant(name, "*") for name in "abc"), a=role(EVIL), b=role(GOOD), c=role(GOOD))

    assert GOOD == agreed(world, RolesAgree(roles=("a", "b", "c"), threshold=2)).target


# -- roles that cannot be had -----------------------------------------------------------


@pytest.mark.parametrize("name", ["build", "security"])
def test_a_role_that_is_withheld_ends_the_search(name):
    """TAP 3: otherwise whoever withholds it chooses between two answers."""
    world = tree(
        *(grant(one, "*") for one in ("build", "security", "third")),
        build=role(GOOD), security=role(GOOD), third=role(GOOD),
    )  # fmt: skip
    files = {path: raw for path, raw in world.files().items() if name not in path}

    with pytest.raises(NotFoundError) as error:
        agreed(world, files=files)
    assert f"1.{name}.json" == error.value.name


def test_a_role_that_is_not_to_be_trusted_ends_the_search():
    with pytest.raises(ThresholdError):
        agreed(two().signed_by("security", "mallory").sealed())
    with pytest.raises(ExpiredError):
        agreed(two().edited("security", expires=NOW).sealed())


def test_no_more_roles_are_visited_than_allowed():
    agreed(two(), limits=Limits(delegations=3))
    with pytest.raises(LimitError):
        agreed(two(), limits=Limits(delegations=2))


def test_what_is_known_is_not_asked_for_again():
    world, known = two(), {}
    trusted = world.trusted(NOW)

    def again(log):
        workflow = find_agreed(trusted, "app", BOTH, limits=Limits(), known=known)
        carried_out(workflow, world.files(), {}, log)
        return log

    assert [] != again([])
    assert [] == again([])


# -- the value --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("roles", "threshold"),
    [((), 1), (("a",), 0), (("a",), 2), (("a", "a"), 1), (tuple("abcdefghijklmnopq"), 1)],
)
def test_an_agreement_that_nobody_could_meet_or_miss_is_a_programming_error(roles, threshold):
    """T-59."""
    with pytest.raises(ValueError):
        RolesAgree(roles=roles, threshold=threshold)


def test_one_string_is_no_list_of_roles():
    with pytest.raises(TypeError):
        RolesAgree(roles="build", threshold=1)


def test_agreements_are_values():
    assert BOTH == RolesAgree(roles=["build", "security"], threshold=2)
    assert hash(BOTH) == hash(RolesAgree(roles=["build", "security"], threshold=2))


# -- asked of an updater ----------------------------------------------------------------

TAG = "acme/app:1.4"


@pytest.fixture(params=[Updater, AsyncUpdater])
def kind(request):
    return request.param


def tagged(security=GOOD, *, expires=LATER):
    def lists(target, **more):
        return role(target, path=TAG, **more)

    world = tree(grant("build", "acme/*"), grant("security", "acme/*"))
    return world.with_roles({"build": lists(GOOD, expires=expires), "security": lists(security)})


def test_an_updater_finds_what_roles_agree_on(kind):
    asked = updater(tagged(), kind)

    found = ask(asked, "find_agreed", TAG, BOTH)
    binding = ask(asked, "resolve_agreed", TAG, BOTH)

    assert {"build", "security"} == set(found.by)
    assert ("targets", "build", "security") == binding.via
    assert Digest.of(b"good") == binding.digest
    assert ask(asked, "resolve", TAG).digest == binding.digest


def test_an_updater_refuses_what_roles_do_not_agree_on(kind):
    asked = updater(tagged(EVIL), kind)

    for question in ("find_agreed", "resolve_agreed"):
        with pytest.raises(DisagreementError):
            ask(asked, question, TAG, BOTH)
    assert Digest.of(b"good") == ask(asked, "resolve", TAG).digest


def test_a_reference_is_treated_as_in_any_other_question(kind):
    asked = updater(tagged(), kind)
    good, evil = Digest.of(b"good"), Digest.of(b"evil")

    assert good == ask(asked, "resolve_agreed", f"{TAG}@{good}", BOTH).digest
    with pytest.raises(MismatchError):
        ask(asked, "resolve_agreed", f"{TAG}@{evil}", BOTH)
    assert () == ask(asked, "resolve_agreed", f"acme/app@{evil}", BOTH).via
    with pytest.raises(NotFoundError):
        ask(asked, "resolve_agreed", "ghcr.io/acme/app:1.4", BOTH)


def test_what_is_remembered_is_not_asked_for_again(kind):
    asked = updater(tagged(), kind)
    ask(asked, "find_agreed", TAG, BOTH)
    before = list(asked.transport.asked)

    ask(asked, "resolve_agreed", TAG, BOTH)

    assert before == asked.transport.asked


def test_a_role_that_expired_since_the_update_is_looked_for_again(kind):
    """The repository has a fresh one by then."""
    old, times = tagged(expires=NOW + SECOND), [NOW]
    asked = kind(
        anchor=anchor_of(old),
        transport=Served(old.files()),
        storage=MemoryStorage(),
        clock=lambda: times[-1],
    )
    ask(asked, "find_agreed", TAG, BOTH)

    asked.transport.files = old.edited("build", expires=LATER).next().files()
    times.append(NOW + SECOND)
    assert LATER == ask(asked, "find_agreed", TAG, BOTH).valid_until
    times.append(LATER)
    with pytest.raises(ExpiredError):
        ask(asked, "find_agreed", TAG, BOTH)
