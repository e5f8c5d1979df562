"""Nothing in the repository ties it to one machine, one registry or one person."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

TEXT = {".py", ".md", ".html", ".toml", ".txt", ".yml", ".yaml", ".json", ".css", ".js", ".sh", ".conf", ".service", ""}
# Written in parts, so that this file does not find itself.
MACHINE = [r"(?<![\w.])/wo" + r"rk/", r"(?<![\w.])/ro" + r"ot/", r"/opt/(?:wheels|py" + r"pi)", r"/home/[a-z]+/"]
REGISTRY = [
    r"py" + r"pi\.org",
    r"python" + r"hosted\.org",
    r"npm" + r"js\.(?:org|com)",
    r"deb" + r"ian\.org",
    r"unpkg" + r"\.com",
    r"jsdel" + r"ivr\.net",
]


@pytest.fixture(scope="module")
def texts(repository: Path, tracked: list[Path]) -> dict[Path, str]:
    read = {}
    for path in tracked:
        if path.suffix in TEXT and (repository / path).stat().st_size < 2_000_000:
            read[path] = (repository / path).read_text(encoding="utf-8", errors="replace")
    return read


@pytest.mark.parametrize("pattern", MACHINE + REGISTRY)
def test_no_machine_path_and_no_registry_host(pattern: str, texts: dict[Path, str]) -> None:
    found = [str(path) for path, text in texts.items() if re.search(pattern, text)]

    assert found == []


def test_no_secret_is_committed(tracked: list[Path]) -> None:
    found = [str(p) for p in tracked if p.suffix in {".pem", ".key", ".p12", ".sqlite3"} or p.name == ".env"]

    assert found == []


def test_nothing_compiled_is_committed(tracked: list[Path]) -> None:
    found = [str(p) for p in tracked if p.suffix in {".mo", ".pyc", ".log"} or p.parts[0] in {"var", "build"}]

    assert found == []


def test_links_of_the_documents_lead_somewhere(repository: Path, tracked: list[Path]) -> None:
    broken = []
    for path in tracked:
        if path.suffix != ".md":
            continue
        text = (repository / path).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s]+?)(?:#[^)]*)?\)", text):
            if not re.match(r"[a-z]+:|#|/", target) and not (repository / path.parent / target).exists():
                broken.append(f"{path}: {target}")

    assert broken == []
