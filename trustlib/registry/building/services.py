"""What the services of a Compose project run and build, whichever file says so.

Compose puts a service together from merge keys, from other services and from
other files, and asks the registry for more than ``image:`` says: a service
that is built and named is pulled under that name first. All of it is gathered
here; what cannot be told from what was given is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import evolve, field, frozen

from trustlib._frozen import FrozenMap
from trustlib.content.dockerfile.build import SYNTAX_ARGUMENT, Build
from trustlib.errors import MalformedError, UndecidedError
from trustlib.registry.building import yaml
from trustlib.registry.building.reading import At, File, Files
from trustlib.registry.building.yaml import Node, Scalar

_IMAGE: Final = "docker-image:"
_BUILT: Final = frozenset({"build", "never"})


@frozen(kw_only=True)
class Wanted:
    """An image in a scalar.

    Attributes:
        file: where that is.
        scalar: which.
        name: the image, variables replaced.
        before: what stands in front of it there, variables replaced.
        after: and what behind it.
        where: who wants it, in words.
    """

    file: File
    scalar: Scalar
    name: str
    before: str = ""
    after: str = ""
    where: str


@frozen(kw_only=True)
class Built:
    """Something a service is built from."""

    service: str
    context: str
    dockerfile: str
    build: Build
    line: int
    file: File
    inline: Scalar | None = None


@frozen(kw_only=True)
class Loose:
    """Something that ends up in a build or a service, and that no digest can name here.

    Attributes:
        file: where it is named.
        line: on which line.
        what: as it is written.
    """

    file: str
    line: int
    what: str


@frozen
class _Service:
    """The members of a service, each with its file; those of ``build`` one by one.

    Attributes:
        lists: what is added to by whoever extends the service, and not replaced.
        reset: members of an extended service that do not count.
    """

    members: dict[str, At] = field(factory=dict[str, At])
    build: dict[str, At] = field(factory=dict[str, At])
    args: dict[str, At] = field(factory=dict[str, At])
    contexts: dict[str, At] = field(factory=dict[str, At])
    lists: dict[str, tuple[At, ...]] = field(factory=dict[str, tuple[At, ...]])
    reset: frozenset[str] = frozenset()

    def on_top_of(self, base: _Service) -> _Service:
        """Return this service as it is when it extends *base*."""
        kept = {name: at for name, at in base.members.items() if name not in self.reset}
        if "build" in self.reset:
            base = _Service(kept, lists=base.lists)
        lists = {
            name: () if name in self.reset else (*base.lists.get(name, ()), *self.lists[name])
            for name in self.lists
        }
        return _Service(
            {**kept, **self.members},
            {**base.build, **self.build},
            {**base.args, **self.args},
            {**base.contexts, **self.contexts},
            lists,
        )


class Project(Files):
    """All that the services of a project want."""

    def __init__(
        self, file: str, text: str, environment: Mapping[str, str], others: Mapping[str, str]
    ) -> None:
        super().__init__(environment, others)
        self.wanted: dict[int, Wanted] = {}
        self.built: list[Built] = []
        self.loose: list[Loose] = []
        self._put_together: dict[tuple[str, str], _Service] = {}
        for each in self.included(self.read(file, text), (file,)):
            for name in self.services(each):
                self._gather(each, name)

    # -- services ---------------------------------------------------------------------------

    def _together(self, file: File, name: str, trail: tuple[tuple[str, str], ...]) -> _Service:
        """Return the service *name* of *file* with all that it extends."""
        key = (file.path, name)
        if key in self._put_together:
            return self._put_together[key]
        at = self.services(file)[name]
        if key in trail:
            raise self.malformed(file, at.node, "services that do not extend each other")
        own = self._own(at)
        extends = own.members.get("extends")
        if extends is not None:
            base = self._base(extends, (*trail, key))
            own = own.on_top_of(base)
        self._put_together[key] = own
        return own

    def _base(self, extends: At, trail: tuple[tuple[str, str], ...]) -> _Service:
        file, node = extends.file, extends.node
        if isinstance(node, yaml.Mapping):
            members = self.members(extends)
            if "service" not in members:
                raise self.malformed(file, node, "the service that is extended")
            name = self.text_of(members["service"], "the service that is extended")
            if "file" in members:
                other = self.scalar(file, members["file"].node, "a path")
                file = self.other(file, other, f"the service {name}")
        else:
            name = self.text_of(extends, "the service that is extended")
        if name not in self.services(file):
            raise self.malformed(extends.file, node, f"a service {name} in {file.path}")
        return self._together(file, name, trail)

    def _own(self, at: At) -> _Service:
        members = {} if self.is_null(at.node) else self.members(at)
        lists = {name: tuple(self.items(members.get(name))) for name in ("volumes", "models")}
        lists["cache_from"] = ()
        reset = self._tagged(at.node)
        build = members.get("build")
        if build is None or self.is_null(build.node):
            return _Service(members, lists=lists, reset=reset)
        if isinstance(build.node, Scalar):
            return _Service(members, {"context": build}, lists=lists, reset=reset)
        parts = self.members(build)
        lists["cache_from"] = tuple(self.items(parts.pop("cache_from", None)))
        args = self.pairs(parts.pop("args", None))
        contexts = self.pairs(parts.pop("additional_contexts", None))
        return _Service(members, parts, args, contexts, lists, reset)

    def _tagged(self, node: Node) -> frozenset[str]:
        """Return the members of *node* that stand in the place of inherited ones."""
        pairs = node.pairs if isinstance(node, yaml.Mapping) else []
        return frozenset(key.text for key, value in pairs if value.tag in ("!reset", "!override"))

    # -- what a service wants ---------------------------------------------------------------

    def _gather(self, file: File, name: str) -> None:
        service = self._together(file, name, ())
        members = service.members
        image = members.get("image")
        build = members.get("build")
        builds = build is not None and not self.is_null(build.node)
        if image is not None and not self.is_null(image.node):
            self._image(service, image, name, builds=builds)
        for item in service.lists["volumes"]:
            if isinstance(item.node, yaml.Mapping):
                self._volume(self.members(item), name)
        for model in service.lists["models"]:
            self._is_loose(model)
        if build is not None and builds:
            self._build(service, build, name)

    def _image(self, service: _Service, image: At, name: str, *, builds: bool) -> None:
        scalar = self.scalar(image.file, image.node, "an image")
        if not builds:
            self._want(image, f"the image of service {name}")
            return
        policy = service.members.get("pull_policy")
        if policy is None or self.text_of(policy, f"when {name} is pulled") not in _BUILT:
            raise UndecidedError(
                image.file.path,
                scalar.line,
                f"what service {name} runs",
                ("whether the registry has that image",),
                advice="Compose asks it before it builds: say 'pull_policy: build',"
                " or take away either 'image:' or 'build:'",
            )

    def _volume(self, volume: dict[str, At], name: str) -> None:
        kind, source = volume.get("type"), volume.get("source")
        what = f"a volume of service {name}"
        if kind is not None and source is not None and self.text_of(kind, what) == "image":
            self._want(source, f"an image as volume of service {name}")

    def _build(self, service: _Service, place: At, name: str) -> None:
        args = self._args(service, name)
        contexts = []
        for context, at in service.contexts.items():
            contexts.append(context)
            self._context(at, context, name)
        for cache in service.lists["cache_from"]:
            self._cache(cache, name)
        sbom = service.build.get("sbom")
        if sbom is not None:
            self._field(sbom, "generator", f"what lists the parts of service {name}")
        inline = service.build.get("dockerfile_inline")
        if inline is not None and "dockerfile" in service.build:
            raise self.malformed(inline.file, inline.node, "dockerfile or dockerfile_inline")
        what = f"the build of service {name}"
        texts = {
            key: self.text_of(service.build[key], what)
            for key in ("context", "dockerfile", "target")
            if key in service.build
        }
        if "://" in texts.get("context", "") or texts.get("context", "").startswith("git@"):
            self._is_loose(service.build["context"])
        try:
            build = Build(
                args=args,
                platform=self._platform(service, what),
                target=texts.get("target"),
                contexts=contexts,
            )
        except ValueError as error:
            raise MalformedError(
                place.file.path, f"line {place.node.line}", what, str(error)
            ) from None
        scalar = None
        if inline is not None:
            scalar = self.scalar(inline.file, inline.node, "a Dockerfile")
        self.built.append(
            Built(
                service=name,
                context=texts.get("context", "."),
                dockerfile=texts.get("dockerfile", "Dockerfile"),
                build=build,
                line=place.node.line,
                file=place.file if inline is None else inline.file,
                inline=scalar,
            )
        )

    def _args(self, service: _Service, name: str) -> FrozenMap[str, str]:
        found: dict[str, str] = {}
        for argument, at in service.args.items():
            scalar = self.scalar(at.file, at.node, "a build argument")
            if scalar.is_null or at.before == argument:
                if argument == SYNTAX_ARGUMENT:
                    raise self.malformed(at.file, scalar, f"a value of {SYNTAX_ARGUMENT}")
                if argument in self.environment:
                    found[argument] = self.environment[argument]
            elif argument == SYNTAX_ARGUMENT:
                self._want(at, f"the frontend of service {name}", before=at.before)
            else:
                text = self.text_of(at, f"a build argument of service {name}")
                found[argument] = text.removeprefix(at.before)
        return FrozenMap(found)

    def _platform(self, service: _Service, what: str) -> str | None:
        listed = self.items(service.build.get("platforms"))
        if len(listed) > 1:
            return None
        at = listed[0] if listed else service.members.get("platform")
        return None if at is None else self.text_of(at, what)

    def _context(self, at: At, context: str, name: str) -> None:
        what = f"the context {context} of service {name}"
        value = self.text_of(at, what).removeprefix(at.before)
        if value.startswith(_IMAGE):
            slashes = "//" if value.startswith(f"{_IMAGE}//") else ""
            if value != f"{_IMAGE}{slashes}scratch":
                self._want(at, what, before=f"{at.before}{_IMAGE}{slashes}")
        elif "://" in value or value.startswith("git@"):
            self._is_loose(at)

    def _cache(self, at: At, name: str) -> None:
        what = f"what the build of service {name} takes from a cache"
        text = self.text_of(at, what)
        if "=" not in text:
            self._want(at, what)
        elif "type=registry" in text.split(","):
            self._field(at, "ref", what)
        else:
            self._is_loose(at)

    def _field(self, at: At, key: str, what: str) -> None:
        """Want the image in ``key=image`` among fields that commas separate."""
        before = ""
        fields = self.text_of(at, what).split(",")
        for index, each in enumerate(fields):
            if each.startswith(f"{key}="):
                after = "".join(f",{other}" for other in fields[index + 1 :])
                self._want(at, what, before=f"{before}{key}=", after=after)
                return
            before += f"{each},"

    def _want(self, at: At, where: str, *, before: str = "", after: str = "") -> None:
        scalar = self.scalar(at.file, at.node, "an image")
        name = self.text(at.file, scalar, where).removeprefix(before).removesuffix(after)
        wanted = Wanted(
            file=at.file, scalar=scalar, name=name, before=before, after=after, where=where
        )
        other = self.wanted.setdefault(id(scalar), wanted)
        if evolve(other, where=where) != wanted:
            raise self.malformed(at.file, scalar, "one meaning of a value that is shared")

    def _is_loose(self, at: At) -> None:
        node = at.node
        text = node.text if isinstance(node, Scalar) else "a model"
        self.loose.append(Loose(file=at.file.path, line=node.line, what=text))
