"""What is printed as Python is run: by Sybil where it is fenced so, and by a named test elsewhere."""

import ast
import re

from documentation.links import PROJECT, pages

_BLOCK = re.compile(r"^```(?P<kind>\S*)[^\n]*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)

RUN_ELSEWHERE = {
    "docs/how-to/choose-a-signer.md": ("AWSSigner.import_(", "tests/signers/sources.py"),
    "docs/how-to/test-your-own-tool.md": ("trust_attack.withstood_by(", "tests/testing/test_plugin.py"),
    "docs/tutorial/first-repository.md": ("", "tests/tutorial/test_first_repository.py"),
}  # fmt: skip
"""Pages with code that needs more than a page has; what it calls; and the test that runs it."""


def is_code(text):
    """Whether *text* is Python that does something, and no table, name or sentence that parses."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return False
    kinds = (ast.Import, ast.ImportFrom, ast.Call, ast.FunctionDef, ast.ClassDef)
    return any(isinstance(node, kinds) for node in ast.walk(tree))


def unrun():
    for page in pages():
        name = page.relative_to(PROJECT).as_posix()
        for block in _BLOCK.finditer(page.read_text(encoding="utf-8")):
            if block["kind"] != "python" and is_code(re.sub(r"\A:.*\n", "", block["text"])):
                yield name, block["text"]


def test_code_that_sybil_does_not_run_is_run_by_a_test():
    found = list(unrun())

    assert [] == [text for name, text in found if name not in RUN_ELSEWHERE]
    assert set(RUN_ELSEWHERE) == {name for name, _ in found}
    for name, text in found:
        called, test = RUN_ELSEWHERE[name]
        assert called in text
        assert called.partition("(")[0] in (PROJECT / test).read_text(encoding="utf-8") or (
            name.rpartition("/")[2] in (PROJECT / test).read_text(encoding="utf-8")
        )


def test_code_is_told_from_what_is_shown():
    assert is_code("import this\n")
    assert is_code("updater.refresh()\n")
    assert not is_code("make demo     see it at work\n")
    assert not is_code("a.b\n")
