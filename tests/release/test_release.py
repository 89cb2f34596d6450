"""What is released can be built again by anybody, and is the package and nothing else."""

import pytest
from release import contents
from release.building import Built
from release.check import rebuilt

import trustlib

EXPECTED = {"trustlib/__init__.py", "trustlib/py.typed", "trustlib/testing/__init__.py"}
ABOUT = "trustlib_tuf-0.1.0.dist-info/"
WHEEL = EXPECTED | {
    f"{ABOUT}METADATA",
    f"{ABOUT}licenses/LICENSE-APACHE",
    f"{ABOUT}licenses/LICENSE-MIT",
}


@pytest.mark.slow
def test_sdist_and_wheel_are_the_same_wherever_they_are_built(tmp_path):
    first, wrong = rebuilt(tmp_path)

    assert [] == wrong
    assert f"trustlib_tuf-{trustlib.__version__}-py3-none-any.whl" == first.wheel.name


def test_a_wheel_that_is_the_package_is_one():
    assert [] == contents.complaints(WHEEL, EXPECTED)


@pytest.mark.parametrize(
    "name",
    [
        "tests/test_errors.py",
        "trustlib/test_errors.py",
        "trustlib/tests/data.json",
        "docs/index.md",
        "trustlib/README.md",
        "conftest.py",
        "other/__init__.py",
        "trustlib/__pycache__/errors.cpython-311.pyc",
        "trustlib_tuf.pth",
    ],
)
def test_what_else_is_in_a_wheel_is_told(name):
    assert contents.complaints(WHEEL | {name}, EXPECTED)


@pytest.mark.parametrize("name", sorted(WHEEL))
def test_what_a_wheel_lacks_is_told(name):
    assert contents.complaints(WHEEL - {name}, EXPECTED)


def test_one_bit_is_a_difference(tmp_path):
    for folder, last in (("a", b"\0"), ("b", b"\1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.tar.gz").write_bytes(b"the same")
        (tmp_path / folder / "x.whl").write_bytes(b"nearly the same" + last)
    one, other = (Built(tmp_path / f / "x.tar.gz", tmp_path / f / "x.whl") for f in "ab")

    assert ["x.whl"] == one.differences(other)
    assert [] == one.differences(one)
