"""The lock files are complete, hashed and hold what pyproject.toml asks for. Reads no network."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

pytestmark = pytest.mark.unit

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)([^\n]*)\n((?:\s+--hash=[^\n]+\n)+)", re.MULTILINE)


def _pins(path: Path) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version, _, _ in PIN.findall(path.read_text(encoding="utf-8"))}


@pytest.fixture(scope="module")
def runtime(repository: Path) -> dict[str, str]:
    return _pins(repository / "requirements.txt")


@pytest.fixture(scope="module")
def development(repository: Path) -> dict[str, str]:
    return _pins(repository / "requirements-dev.txt")


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_with_hashes(name: str, repository: Path) -> None:
    text = (repository / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]

    assert len(lines) == len(PIN.findall(text))


def test_the_lock_holds_what_the_project_asks_for(
    repository: Path, runtime: dict[str, str], development: dict[str, str]
) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [(runtime, text) for text in project["project"]["dependencies"]]
    asked += [(development, text) for text in project["dependency-groups"]["dev"]]
    stale = []
    for pins, text in asked:
        requirement = Requirement(text)
        version = pins.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(Version(version), prereleases=True):
            stale.append(f"{text}: pinned {version}")

    assert stale == []


def test_development_pins_the_same_versions_as_the_product(
    runtime: dict[str, str], development: dict[str, str]
) -> None:
    assert {name: development.get(name) for name in runtime} == runtime


def test_what_is_installed_asks_for_nothing_that_is_not_pinned(development: dict[str, str]) -> None:
    absent = set()
    for name in development:
        try:
            asks = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # pinned for another platform
        for text in asks:
            requirement = Requirement(text)
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
            if wanted and canonicalize_name(requirement.name) not in development:
                absent.add(f"{name} asks for {text}")

    assert absent == set()
