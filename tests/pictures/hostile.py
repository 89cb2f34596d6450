"""Names that strangers wrote to break whatever shows them, and a collection made of nothing else."""

import attrs
from core.worlds import LATER, NOW, keys
from publish.desks import authority, created, digest

from trustlib import (
    TARGETS,
    Delegation,
    Delegations,
    FrozenMap,
    Key,
    PathPatterns,
    Target,
    Targets,
)
from trustlib.workflow import Explanation
from trustlib.workflow.explanation import Signed, Vouched

LEAK = "http://leak.example/seen"

NAMES = {
    "a script": "<script>document.title='ran'</script>",
    "an image": f"<img src={LEAK} onerror=\"document.title='ran'\">",
    "the end of a title": f"</title></style></svg></desc><link rel=stylesheet href={LEAK}>",
    "the end of an attribute": f"\"'` onload=fetch('{LEAK}') x=\"",
    "a style": f"}}*{{background:url({LEAK})}}@import '{LEAK}';",
    "a comment": "--><!-- ]]> <![CDATA[",
    "an entity": "&lt;script&gt; &#x3c;b&#62; &amp",
    "a line that turns around": "safe\u202egnp.exe\u2066",
    "letters that turn around": "\u05d0\u05d1 4 of 3 \u0627\u0644",
    "control characters": "a\0b\x1b[31mc\r\nd\x7f\x85\u2028e\ufffe",
    "ten thousand letters": "x" * 10_000,
    "ten thousand of everything": "<\"'&é\u202e`" * 1_500,
    "a way out of a label": '"] --> evil["`**bold**`"]; click n0 "javascript:alert(1)"\nend',
    "a class": '"]:::good %%{init: {"securityLevel": "loose"}}%%',
    "nothing": "",
    "blanks": "  \t ",
    "letters above each other": "Z\u0301\u0302\u0303\u0304" * 50,
}


def collection(name, count=1):
    """A repository in which whoever wrote it called everything *name*."""
    strange = Key(keytype=name, scheme=name, keyval=FrozenMap({"public": name, name: name}))
    held = keys("team")
    grants = tuple(
        Delegation(
            name=f"{name}{n or ''}",
            keyids=(*held, name),
            threshold=1,
            grant=PathPatterns((name, f"{name}/*")),
        )
        for n in range(count)
    )
    listed = Target(length=1, hashes=FrozenMap({"sha256": digest()[7:], name: name}))
    team = Targets(version=1, expires=LATER, targets=FrozenMap({name: listed}))
    delegations = Delegations(keys=FrozenMap({**held, name: strange}), roles=grants)
    top = Targets(version=1, expires=NOW, delegations=delegations, extra=FrozenMap({name: name}))
    repository = created(targets=authority("alice"))
    root = attrs.evolve(repository.root, collection=name, version=1, expires=LATER)
    roles = {grant.name: team for grant in grants} | {TARGETS: top}
    return attrs.evolve(repository, root=root, targets=FrozenMap(roles))


def explanation(name):
    role = Vouched(
        role=name,
        version=1,
        expires=LATER,
        named_by=name,
        threshold=1,
        signed_by=(Signed(keyid=name, keytype=name),),
        checked=("signatures",),
    )
    return Explanation(
        answer=f"{name} is {name}, says {name}", source=None, valid_until=LATER, roles=(role,) * 3
    )
