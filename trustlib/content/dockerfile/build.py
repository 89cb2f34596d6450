"""What a build is given besides its Dockerfile, as far as it decides which images are meant.

Nothing has a default that would be a guess: an image that hangs on a platform
nobody named is refused, not pinned for the machine that happens to ask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import field, frozen

from trustlib._frozen import FrozenMap
from trustlib.content.dockerfile._words import Unknown, Value
from trustlib.content.reference import ImageReference
from trustlib.errors import shortened

SYNTAX_ARGUMENT: Final = "BUILDKIT_SYNTAX"
"""The build argument that names a frontend, and so an image, in the Dockerfile's place."""

_PLATFORM = re.compile(r"([a-z0-9_]+)/([a-z0-9_-]+)(?:/([a-z0-9_.]+))?")
_SAME: Final = FrozenMap(
    {
        "aarch64": ("arm64", ""),
        "armel": ("arm", "v6"),
        "armhf": ("arm", "v7"),
        "i386": ("386", ""),
        "x86-64": ("amd64", ""),
        "x86_64": ("amd64", ""),
    }
)
_IMPLIED: Final = frozenset({("amd64", "v1"), ("arm64", "v8"), ("arm64", "8")})


def _contexts(names: Iterable[str]) -> frozenset[ImageReference]:
    return frozenset(ImageReference.parse(name).tagged() for name in names)


def _args(given: Mapping[str, str]) -> FrozenMap[str, str]:
    return FrozenMap(given)


@frozen(kw_only=True)
class Build:
    """The arguments of one build.

    Attributes:
        args: build arguments (``--build-arg``). They count where the Dockerfile
            declares them before its first ``FROM``.
        platform: what is built for (``--platform``), such as ``linux/arm64``,
            or None where that is not said: then an image that hangs on
            ``TARGETARCH`` and its like cannot be pinned.
        build_platform: what the build runs on, for ``BUILDARCH`` and its like.
        target: the stage to build (``--target``), for ``TARGETSTAGE``. Images
            of the other stages are pinned, too.
        contexts: names of the build contexts (``--build-context name=…``). What
            refers to one of them is no image of the Dockerfile's, and is left
            as it is. What stands behind the ``=`` is the caller's to pin.

    Raises:
        ValueError: a platform is none, a context is named as no image could
            be, or ``BUILDKIT_SYNTAX`` is among *args*: it names an image that
            is run, where no Dockerfile can pin it.
    """

    args: FrozenMap[str, str] = field(factory=FrozenMap[str, str], converter=_args)
    platform: str | None = None
    build_platform: str | None = None
    target: str | None = None
    contexts: frozenset[ImageReference] = field(factory=frozenset, converter=_contexts)

    def __attrs_post_init__(self) -> None:
        if SYNTAX_ARGUMENT in self.args:
            raise ValueError(
                f"build arguments: {SYNTAX_ARGUMENT} names an image that is run;"
                " say '# syntax=' in the Dockerfile instead, where it is pinned"
            )
        for platform in (self.platform, self.build_platform):
            if platform is not None:
                _parts(platform)

    def variables(self, last: str) -> dict[str, Value]:
        """Return the variables that a Dockerfile has before it declares any.

        Args:
            last: the name of its last stage, which is built where no target is named.
        """
        found: dict[str, Value] = {
            **_platform_variables("TARGET", self.platform),
            **_platform_variables("BUILD", self.build_platform),
            "TARGETSTAGE": self.target or last or "default",
        }
        return found | {name: self.args[name] for name in found if name in self.args}


def _platform_variables(prefix: str, platform: str | None) -> dict[str, Value]:
    names = [f"{prefix}{what}" for what in ("PLATFORM", "OS", "OSVERSION", "ARCH", "VARIANT")]
    if platform is None:
        return {name: Unknown(()) for name in names}
    system, machine, variant = _parts(platform)
    spelled = "/".join(part for part in (system, machine, variant) if part)
    return dict(zip(names, (spelled, system, "", machine, variant), strict=True))


def _parts(platform: str) -> tuple[str, str, str]:
    """Return operating system, architecture and variant as BuildKit spells them.

    Raises:
        ValueError: *platform* is none.
    """
    match = _PLATFORM.fullmatch(platform.lower())
    if match is None:
        raise ValueError(f"platform: expected such as 'linux/arm64', got {shortened(platform)}")
    system = "darwin" if match[1] == "macos" else match[1]
    machine, implied = _SAME.get(match[2], (match[2], ""))
    variant = match[3] or implied
    if (machine, variant) in _IMPLIED:
        variant = ""
    if machine == "arm":
        variant = "v7" if variant in ("", "7") else f"v{variant.removeprefix('v')}"
    return system, machine, variant
