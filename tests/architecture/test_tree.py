"""What the documents and the layout rules say about the tree is so."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINES_MAX = 300
TEXT_SUFFIXES = {
    "",
    ".cfg",
    ".css",
    ".html",
    ".ini",
    ".js",
    ".json",
    ".md",
    ".mako",
    ".proto",
    ".py",
    ".pyi",
    ".sh",
    ".toml",
    ".yaml",
    ".yml",
}
# Written by a program, or by somebody else under their own name.
NOT_OURS = re.compile(
    r"^(proto/(anomaly|buf)/.*_pb2.*|proto/vendor/.*|.*\.lock|.*package-lock\.json"
    r"|gateway/console/static/vendor/.*|tests/browser/vendor/.*)$"
)
# The unfinished, the workshop, and package registries, which an installer names and we never do.
FORBIDDEN = re.compile(
    r"\b(TODO|FIXME)\b|# XXX|/work/|pypi\.org|pythonhosted\.org|npmjs\.org|proxy\.golang\.org"
)


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("the source tree is not a git checkout, so its files cannot be listed")
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def our_texts() -> list[tuple[str, str]]:
    texts = []
    for path in tracked_files():
        name = path.relative_to(ROOT).as_posix()
        if path.suffix in TEXT_SUFFIXES and path.is_file() and not NOT_OURS.match(name):
            texts.append((name, path.read_text()))
    return texts


def test_architecture_names_every_top_level_folder() -> None:
    architecture = (ROOT / "docs/architecture.md").read_text()
    folders = {
        path.relative_to(ROOT).parts[0]
        for path in tracked_files()
        if len(path.relative_to(ROOT).parts) > 1
    }
    assert folders
    assert not [folder for folder in sorted(folders) if f"`{folder}/" not in architecture]


def test_architecture_names_only_what_exists() -> None:
    architecture = (ROOT / "docs/architecture.md").read_text()
    named = re.findall(
        r"`((?:scoring_server|gateway|models|proto|tests|docs|deploy)/[^`\s*<{]*)`", architecture
    )
    assert named
    assert not [path for path in named if not (ROOT / path).exists()]


def test_no_file_is_too_long() -> None:
    long = {
        name: text.count("\n")
        for name, text in our_texts()
        if name.endswith(".py") and text.count("\n") > LINES_MAX
    }
    assert not long


def test_no_file_holds_forbidden_words() -> None:
    found = {
        name: match.group()
        for name, text in our_texts()
        if name != "tests/architecture/test_tree.py" and (match := FORBIDDEN.search(text))
    }
    assert not found


@pytest.mark.parametrize("package", ["scoring_server", "gateway", "models"])
def test_every_folder_of_a_package_says_what_it_is_for(package: str) -> None:
    silent = [
        path.relative_to(ROOT).as_posix()
        for path in tracked_files()
        if path.name == "__init__.py"
        and path.is_relative_to(ROOT / package)
        and not path.read_text().startswith('"""')
    ]
    assert not silent


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{name}: {link}"
        for name, text in our_texts()
        if name.endswith(".md")
        for link in re.findall(r"\]\(([^)#\s]+)", text)
        if "://" not in link and not ((ROOT / name).parent / link).exists()
    ]
    assert not broken
