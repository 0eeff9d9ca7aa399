"""What the documents promise exists: files, make targets, verbs and flags."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamer.bundle import read
from streamer.cli import app

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/protocol.md",
    "docs/annotate.md",
    "streamer/demo/PROVENANCE.md",
)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_to_a_file_leads_to_one(name: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text(name))
    missing = [t for t in targets if "://" not in t and not ((ROOT / name).parent / t).exists()]
    assert missing == []


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_every_make_target_that_is_named_exists(name: str) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text(name), re.MULTILINE))
    assert named
    assert named <= set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))


def test_every_command_in_the_documents_is_a_verb_with_these_flags() -> None:
    told = text("README.md") + text("docs/annotate.md")
    commands = re.findall(r"(?:^|`)streamer ([a-z]+)([^`#\n]*)", told, re.MULTILINE)
    verbs = {"run", "annotate", "devices", "doctor", "models", "listen", "watch", "keys", "config"}
    assert verbs <= {verb for verb, _ in commands}
    for verb, arguments in commands:
        helped = CliRunner().invoke(app, [verb, "--help"]).stdout
        assert "Usage:" in helped, verb
        for flag in re.findall(r"--[a-z-]+", arguments):
            assert flag in helped, f"streamer {verb} {flag}"


def test_the_readme_lists_every_corpus_of_the_shipped_bundle_with_its_licence() -> None:
    for corpus in read().manifest.corpora:
        assert f"| {corpus.name} | {corpus.licence} |" in text("README.md")
