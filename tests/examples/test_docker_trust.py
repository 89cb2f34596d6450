"""What people did with Docker Content Trust in 2015, at a terminal, against a real registry.

The page docs/how-to/docker-trust.md is the script: its commands are run, in its
order, and what it shows is what they print. TRUSTLIB_REGENERATE=1 writes it anew.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from examples.people import EXAMPLES, SECRET, Person, Ran, Warm
from plain.environment import PLAINLY
from registry.engines import root_of
from registry.processes import skopeo, started

from examples._registry import built

pytestmark = pytest.mark.servers

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "docker-trust.md"
PRINTED = "127.0.0.1:5000"


@pytest.fixture(scope="module")
def warm():
    program = Warm()
    yield program
    program.close()


@pytest.fixture(scope="module")
def place(require_servers, tmp_path_factory):
    require_servers("docker-registry", "skopeo")
    with started(tmp_path_factory.mktemp("registry")) as place:
        yield place


@pytest.fixture(scope="module")
def image(place):
    """What alice signs, in the tests that are not about the page."""
    return f"{place.domain}/acme/app"


@pytest.fixture(scope="module")
def alice(street, image):
    """Somebody who has signed one tag."""
    alice = street("alice")("alice")
    first = alice.docker_trust("push", "--from", "image", f"{image}:1.4")
    assert 0 == first.status, first.screen
    return alice


def signed(person, image):
    """Return the tags that were signed, and for what."""
    lines = person.docker_trust("inspect", image).screen.splitlines()
    return dict(line.split()[:2] for line in lines if "sha256:" in line)


@pytest.fixture(scope="module")
def street(place, warm, tmp_path_factory):
    """A function that returns who lives in a house of a street of its own."""
    skopeo = tmp_path_factory.mktemp("bin") / "skopeo"
    skopeo.write_text('#!/bin/sh\nPATH="${PATH#*:}" exec skopeo --insecure-policy "$@"\n')
    skopeo.chmod(0o755)

    def build(name):
        directory, people = tmp_path_factory.mktemp(name), {}

        def who(person):
            if person not in people:
                path = f"{skopeo.parent}:{os.environ['PATH']}"
                home = directory / person
                people[person] = Person(person, home, place.domain, warm, {"PATH": path})
                if person in ("alice", "bob", "dave", "mallory"):
                    built(home / "image", "the release")
                    built(home / "unsigned", "something else")
            return people[person]

        return who

    return build


# -- the page -----------------------------------------------------------------------------

COMMAND = re.compile(
    r"(?:(?P<who>[a-z]+)\$ (?P<typed>.*))|(?:<!-- (?P<aside>[a-z]+): (?P<done>.*) -->)"
)
DIGEST = re.compile(r"\b([0-9a-f]{12})(?:[0-9a-f]{52}\b|…)")


def play(page: str, who, place) -> str:
    """Return *page* with what its commands print now in the place of what they printed."""
    lines, shown = [], False
    for line in page.splitlines():
        command = COMMAND.fullmatch(line)
        if shown and command is None and line != "```":
            continue  # what was printed last time
        lines.append(line)
        shown = line == "```console" or (shown and line != "```")
        if command is None:
            continue
        person = who(command["who"] or command["aside"])
        typed = (command["typed"] or command["done"]).replace(PRINTED, place.domain)
        screen = done(person, typed).screen.replace(place.domain, PRINTED)
        screen = screen.replace(str(person.directory), f"/home/{person.name}")
        if command["who"]:
            lines += (text.rstrip() for text in DIGEST.sub(r"\1…", screen).splitlines())
        else:
            assert "" == screen
    return "\n".join(lines) + "\n"


def done(person: Person, typed: str) -> Ran:
    """Have *person* type a command, and return what comes of it."""
    first, _, rest = typed.partition(" ")
    name, is_set, value = first.partition("=")
    if first in ("export", "unset") or (is_set and not rest.startswith("docker_trust")):
        environment = person.shell(f"{typed}\nenv -0").screen.split("\0")
        if is_set:
            environment = person.shell(f"{typed}\nexport {name}\nenv -0").screen.split("\0")
        person.environment = dict(one.split("=", 1) for one in environment if "=" in one)
        return Ran(0, "")
    if is_set:
        first, _, rest = rest.partition(" ")
    if first != "docker_trust":
        return person.shell(typed)
    arguments = person.shell(f"printf '%s\\0' {rest}").screen.split("\0")[:-1]
    return person.docker_trust(*arguments, **({name: value} if is_set else {}))


VARYING = (
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?Z"), "TIME"),
    (re.compile(r"\b[0-9a-f]{8}(?:[0-9a-f]{4})?\b(?!…)"), "KEY"),
)


def compared(page: str) -> str:
    """Return *page* with a name for all that differs each time; the same digest has the same name."""
    for pattern, name in VARYING:
        page = pattern.sub(name, page)
    names: dict[str, str] = {}
    return DIGEST.sub(lambda found: names.setdefault(found[1], f"DIGEST {len(names)}"), page)


def test_the_page_shows_what_is_printed(street, place):
    page, who = PAGE.read_text(encoding="utf-8"), street("page")

    now = play(page, who, place)
    if os.environ.get("TRUSTLIB_REGENERATE") == "1":
        PAGE.write_text(now, encoding="utf-8")

    assert compared(now).splitlines() == compared(PAGE.read_text(encoding="utf-8")).splitlines()
    assert not any(SECRET in who(name).seen for name in ("alice", "bob", "new", "newer"))


# -- what is typed --------------------------------------------------------------------------


def test_a_wrong_passphrase_is_asked_for_again(alice, image):
    ran = alice.docker_trust("push", "--from", "image", f"{image}:1.5", typing=["hunter2"])

    assert 0 == ran.status
    assert "That was wrong (2 of 3). Passphrase for key" in ran.screen
    assert "hunter2" not in ran.screen
    assert "1.5" in signed(alice, image)


def test_after_three_wrong_ones_nothing_is_signed(alice, image):
    ran = alice.docker_trust("push", "--from", "image", f"{image}:wrong", typing=3 * ["hunter2"])

    assert 1 == ran.status
    assert "passphrase does not open this file" in ran.last
    assert "hunter2" not in ran.screen
    assert "wrong" not in signed(alice, image)


def test_whoever_has_no_passphrase_presses_return(alice, image):
    ran = alice.docker_trust("push", "--from", "image", f"{image}:none", typing=[""])

    assert (1, True) == (ran.status, "no source had a passphrase for it" in ran.last)


def test_control_c_ends_a_question_and_nothing_is_signed(alice, image):
    ran = alice.docker_trust("push", "--from", "image", f"{image}:stop", typing=["\x03"])

    assert (130, True) == (ran.status, ran.last.endswith("interrupted; nothing more was done"))
    assert "Traceback" not in ran.screen
    assert "stop" not in signed(alice, image)


def test_a_new_passphrase_is_long_and_typed_twice_alike(alice, place):
    name = f"{place.domain}/acme/new"
    typed = ["short", SECRET, "another one, no typo", SECRET, SECRET, SECRET, "\x03"]
    ran = alice.docker_trust("push", "--from", "image", f"{name}:1", typing=typed)

    assert "That has fewer than 12 characters. New passphrase for the root key" in ran.screen
    assert "The two were different. New passphrase for the root key" in ran.screen
    assert 130 == ran.status
    # Whoever changes their mind can begin again: no key was made.
    again = alice.docker_trust("push", "--from", "image", f"{name}:1")
    assert 0 == again.status, again.screen
    assert f'Finished initializing "{name}"' in again.screen


def test_a_wrong_variable_leaves_it_to_the_human(alice, image):
    wrong = {"DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": "hunter2 hunter2"}
    ran = alice.docker_trust("push", "--from", "image", f"{image}:variable", **wrong)

    assert 0 == ran.status
    assert "Passphrase for key" in ran.screen
    assert "hunter2" not in ran.screen


def test_what_nobody_agrees_to_is_not_signed(alice, image):
    alice.docker_trust("push", "--disable-content-trust", "--from", "unsigned", f"{image}:theirs")

    ran = alice.docker_trust("sign", f"{image}:theirs", yes=False)

    assert 1 == ran.status
    assert "nobody agreed that it is sha256:" in ran.last
    assert "theirs" not in signed(alice, image)


def test_where_nobody_sits_nothing_is_asked(alice, image):
    """A process of its own, as people start it; no terminal, and no variable."""
    arguments = ["--insecure-registry", image.partition("/")[0], "push", "--from", "image", image]
    ran = subprocess.run(
        [sys.executable, EXAMPLES / "docker_trust.py", *arguments],
        cwd=alice.directory,
        env=PLAINLY | alice.environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )

    assert 1 == ran.returncode
    assert "Signing and pushing trust metadata" == ran.stdout.splitlines()[-1]
    assert 1 == len(ran.stderr.splitlines())
    assert "there is no terminal to ask on" in ran.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pull", "No/Such Name"], "image reference"),
        (["push", "IMAGE:_trust"], "that tag is for trust data"),
        (["push", "--disable-content-trust", "--from", "image", "IMAGE:_trust"], "trust data"),
        (["push", f"IMAGE@sha256:{64 * '0'}"], "cannot push a digest reference"),
        (["push", "--from", "nothing", "IMAGE:1"], "there is no image layout"),
        (["build", "nowhere"], "No such file"),
        (["restore", "nothing.age"], "nothing.age"),
        (["signer", "remove", "nobody", "IMAGE"], "no signer of"),
        (["signer", "add", "--key", "nothing.pub", "bob", "IMAGE"], "No such file"),
    ],
)
def test_what_was_mistyped_is_said_in_one_line(alice, image, arguments, said):
    ran = alice.docker_trust(*(one.replace("IMAGE", image) for one in arguments))

    assert 1 == ran.status
    assert said in ran.last
    assert "Traceback" not in ran.screen


# -- who runs containers ----------------------------------------------------------------------

PROGRAM = """#!/bin/sh
{ printf '%s\\n' "$0" "$@"; echo "trust ${DOCKER_CONTENT_TRUST-unset}"; } > called
test "$1" != build || cat > given
exit 7
"""


@pytest.fixture(params=["docker", "podman"])
def engine(request, tmp_path):
    """A program that writes down how it was called, and what it was given, and fails."""
    (tmp_path / request.param).write_text(PROGRAM)
    (tmp_path / request.param).chmod(0o755)
    return {"PATH": f"{tmp_path}:/usr/bin:/bin"}, request.param


def called(alice, name):
    program, *arguments, trust = (alice.directory / "called").read_text().splitlines()
    assert (name, "trust unset") == (Path(program).name, trust)
    return [one for one in arguments if one != "--tls-verify=false"]


def test_the_builder_is_given_digests(alice, image, engine):
    variables, name = engine
    (alice.directory / "Dockerfile").write_text(f"ARG V=none\nFROM {image}:$V\nRUN echo\n")
    arguments = ["--engine", name, "--build-arg", "V=1.4", "-t", "mine", "."]

    ran = alice.docker_trust("build", *arguments, DOCKER_CONTENT_TRUST="1", **variables)

    assert (7, "") == (ran.status, ran.screen)
    assert ["build", "--tag=mine", "--build-arg=V=1.4", "--file=-", "."] == called(alice, name)
    given = (alice.directory / "given").read_text()
    assert f"\nFROM {image}@{signed(alice, image)['1.4']}\nRUN echo\n" in given


@pytest.mark.parametrize("command", ["create", "run"])
def test_a_runtime_is_told_the_digest(alice, image, engine, command):
    variables, name = engine
    arguments = ["--engine", name, "--options=--rm -e 'A=b c'", f"{image}:1.4", "echo", "--hello"]

    ran = alice.docker_trust(command, *arguments, DOCKER_CONTENT_TRUST="1", **variables)

    assert 7 == ran.status
    pinned = f"{image}@{signed(alice, image)['1.4']}"
    assert [command, "--rm", "-e", "A=b c", pinned, "echo", "--hello"] == called(alice, name)


@pytest.fixture
def dockers(alice, docker_engine):
    """What makes alice's docker talk to the daemon that runs; and an image that says something."""
    folder = alice.directory / "context"
    program = root_of("echo", folder / "root")
    (folder / "Dockerfile").write_text(
        f'FROM scratch\nCOPY root /\nENTRYPOINT ["{program}"]\nCMD ["the release"]\n'
    )
    return {"DOCKER_HOST": docker_engine.url}


def test_docker_pushes_what_is_signed_then_and_pulls_and_runs_it_although_the_tag_was_moved(
    alice, image, docker_engine, dockers
):
    name = f"{image}:docker"
    docker_engine.docker("build", "--quiet", f"--tag={name}", f"{alice.directory}/context")

    pushed = alice.docker_trust("push", name, **dockers)
    digest = signed(alice, image)["docker"]
    assert 0 == pushed.status, pushed.screen
    assert re.search(rf"^docker: digest: {digest} size: \d+$", pushed.screen, re.MULTILINE)

    theirs = ("copy", "--quiet", "--dest-tls-verify=false", f"oci:{alice.directory}/unsigned")
    skopeo(*theirs, f"docker://{name}")
    docker_engine.docker("rmi", name)
    pulled = alice.docker_trust("pull", "--engine=docker", name, **dockers)
    assert 0 == pulled.status, pulled.screen
    assert f"Tagging {image}@{digest} as {name}" == pulled.last
    assert "the release\n" == docker_engine.docker("run", "--rm", name)

    run = alice.docker_trust("run", "--engine=docker", "--options=--rm", name, "hello", **dockers)
    assert (0, "hello") == (run.status, run.last), run.screen
    created = alice.docker_trust("create", "--engine=docker", name, **dockers)
    assert 0 == created.status, created.screen
    shown = ("inspect", "--format={{.Config.Image}}", created.last)
    assert f"{image}@{digest}\n" == docker_engine.docker(*shown)
    assert "the release\n" == docker_engine.docker("start", "--attach", created.last)


def test_docker_builds_on_what_was_signed_and_on_nothing_else(alice, image, docker_engine, dockers):
    name = f"{image}:base"
    docker_engine.docker("build", "--quiet", f"--tag={name}", f"{alice.directory}/context")
    alice.docker_trust("push", name, **dockers)
    digest = signed(alice, image)["base"]
    docker_engine.docker("rmi", name)
    folder = alice.directory / "onward"
    folder.mkdir()
    (folder / "Dockerfile").write_text(f'FROM {name}\nCMD ["the one on top"]\n')

    built = alice.docker_trust("build", "--engine=docker", "-t", "onward", "onward", **dockers)
    assert 0 == built.status, built.screen
    assert f"FROM {image}@{digest}" in built.screen
    assert "the one on top\n" == docker_engine.docker("run", "--rm", "onward")

    (folder / "Dockerfile").write_text(f"FROM {image}:notrust\n")
    refused = alice.docker_trust("build", "--engine=docker", "onward", **dockers)
    assert (1, True) == (refused.status, "No trust data for notrust" in refused.last)


def test_where_nothing_runs_containers_it_says_what_to_do(alice, image, tmp_path):
    ran = alice.docker_trust("pull", f"{image}:1.4", PATH=str(tmp_path))

    assert (1, "docker and podman: cannot be found; say --to DIR, or --print") == (
        ran.status,
        ran.last,
    )


# -- the rest -----------------------------------------------------------------------------------


def test_whoever_watches_sees_how_far_it_has_come(alice, image):
    ran = alice.docker_trust("pull", "--to", "watched", f"{image}:1.4", TERM="xterm")

    assert 0 == ran.status
    assert f"Pulling {image}:1.4" in ran.screen
    assert "\x1b[2K" in ran.screen  # and nothing of it stays
    assert ran.last.startswith("Tagging") or "\x1b[2KTagging" in ran.last


@pytest.mark.slow
def test_without_rich_there_are_numbers(alice, image, tmp_path):
    (tmp_path / "rich.py").write_text("raise ImportError")
    warm = Warm(hidden=tmp_path)
    person = Person("alice", alice.directory, alice.registry, warm, alice.environment)
    try:
        ran = person.docker_trust("pull", "--to", "plainly", f"{image}:1.4", TERM="xterm")
    finally:
        warm.close()

    assert 0 == ran.status, ran.screen
    assert re.search(rf"Pulling {image}:1.4: \d+ of \d+ bytes", ran.screen)
    assert "\x1b[KTagging" in ran.screen


@pytest.mark.slow
def test_one_root_key_is_for_all_that_come_later(street, place):
    dave = street("dave")("dave")
    dave.docker_trust("key", "generate", "root", DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE=SECRET)
    variables = {
        "DOCKER_CONTENT_TRUST_ROOT_PASSPHRASE": SECRET,
        "DOCKER_CONTENT_TRUST_REPOSITORY_PASSPHRASE": "another one for tags",
    }
    roots = set()
    for name in ("one", "two"):
        image = f"{place.domain}/dave/{name}"
        ran = dave.docker_trust("push", "--from", "image", f"{image}:1", **variables)
        assert (0, False) == (ran.status, "assphrase for" in ran.screen), ran.screen
        roots |= set(re.findall("root: 1 of 1 .*", dave.docker_trust("inspect", image).screen))

    assert 1 == len(roots)
    assert SECRET not in dave.seen


def test_who_created_a_collection_believes_no_other_of_that_name(street, place):
    """Whoever has the registry removes a collection, and puts one of their own in its place."""
    who, image = street("taken"), f"{place.domain}/acme/taken"
    owner, thief = who("alice"), who("mallory")
    owner.docker_trust("push", "--from", "image", f"{image}:1")
    shutil.rmtree(owner.directory / ".docker/trustlib/collections" / quote(image, "") / "seen")
    skopeo("delete", "--tls-verify=false", f"docker://{image}:_trust")
    assert 0 == thief.docker_trust("push", "--from", "unsigned", f"{image}:1").status

    pulled = owner.docker_trust("pull", "--to", "pulled", f"{image}:1")
    pushed = owner.docker_trust("push", "--from", "image", f"{image}:1")

    assert (1, 1) == (pulled.status, pushed.status)
    assert "came first" not in pulled.screen + pushed.screen
    assert "Tagging" not in pulled.screen


def test_skopeo_reads_what_was_pulled_and_what_was_pushed(alice, image):
    alice.docker_trust("pull", "--to", "read", f"{image}:1.4")

    expected = signed(alice, image)["1.4"]
    show = ("inspect", "--format", "{{.Digest}}")
    assert expected == skopeo(*show, f"oci:{alice.directory}/read:1.4").strip()
    assert expected == skopeo(*show, "--tls-verify=false", f"docker://{image}:1.4").strip()


def test_without_trust_all_tags_are_pulled_but_the_collections_own(alice, place):
    name = f"{place.domain}/acme/many"
    for tag in ("a", "b"):
        copy = ("copy", "--quiet", "--dest-tls-verify=false", f"oci:{alice.directory}/unsigned")
        skopeo(*copy, f"docker://{name}:{tag}")
    variables = {"DOCKER_CONTENT_TRUST": "0"}

    ran = alice.docker_trust("pull", "-a", "--to", "many", name, **variables)
    refused = alice.docker_trust("pull", "--no-disable-content-trust", f"{name}:a", **variables)

    assert (0, 2) == (ran.status, ran.screen.count("WARNING: "))
    assert (1, True) == (refused.status, "no trust data available" in refused.last)


def test_a_key_of_openssh_comes_in_and_a_signer_with_it_signs_alone(alice, image, require_servers):
    require_servers("ssh-keygen")
    key = alice.directory / "id"
    alice.shell(f"ssh-keygen -q -t ed25519 -N '{SECRET}' -f {key}")
    loaded = alice.docker_trust("key", "load", "--name", "carol", "id")
    assert "Successfully imported key" in loaded.last
    (public,) = alice.directory.glob(f".docker/trustlib/keys/{loaded.last.split()[3]}*/key.pub")

    added = alice.docker_trust("signer", "add", "--key", str(public), "carol", image)
    pushed = alice.docker_trust("push", "--from", "image", f"{image}:carol")

    # Her private key is here, so nothing has to travel, and she may speak for what is new.
    assert f"Successfully added signer: carol to {image}" == added.last
    assert 0 == pushed.status
    shown = alice.docker_trust("inspect", image).screen
    assert re.search(r"^  carol +sha256:[0-9a-f]{64}  carol, until", shown, re.MULTILINE)
    assert re.search(r"^  carol: 1 of 1 \(", shown, re.MULTILINE)
    gone = alice.docker_trust("signer", "remove", "carol", image)
    assert f"Nobody vouches for {image}:carol any more" == gone.last


def test_a_key_without_a_passphrase_gets_one(alice, require_servers):
    require_servers("openssl")
    alice.shell("umask 077; openssl genpkey -algorithm ed25519 -out bare.pem")

    ran = alice.docker_trust("key", "load", "--name", "dora", "bare.pem")

    assert 0 == ran.status, ran.screen
    assert "New passphrase for" in ran.screen
    assert ran.last.endswith("from bare.pem")


def test_a_public_half_is_not_overwritten(alice):
    (alice.directory / "erin.pub").write_text("somebody's")

    ran = alice.docker_trust("key", "generate", "erin")

    assert (1, "erin.pub: is there already; no key was made") == (ran.status, ran.last)
    assert "somebody's" == (alice.directory / "erin.pub").read_text()


def test_no_passphrase_was_ever_on_the_screen(alice):
    assert SECRET not in alice.seen
