"""docs/mistakes.md: what a newcomer gets wrong, and what taxon says; written by TAXON_UPDATE_SNAPSHOTS=1."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cli.program import taxon

PAGE = Path(__file__).parent.parent / "docs" / "mistakes.md"
INTRODUCTION = """# Twenty mistakes of a newcomer, and what taxon says

Written by `tests/test_mistakes.py`, which runs every one. Each is reported once, with its place and the way
out; nothing that only follows from it is reported too. `taxon explain CODE` has more on any of them.
"""


def extends(parent: str, *entries: str) -> str:
    body = "".join(f"  {entry}\n" for entry in entries)
    return f"taxon 1\nimport std.{parent}\n\nalgorithm mine extends {parent} {{\n{body}}}\n"


# What went wrong, the file, and the arguments of `taxon check` beside it.
MISTAKES: dict[str, tuple[str, tuple[str, ...]]] = {
    "A misspelt path": (extends("sac", "optimiser.policy.lr = 1e-3"), ()),
    "A misspelt choice": (extends("sac", "network.activation = rellu"), ()),
    "A misspelt parameter": (extends("mpo", "pi_q.update = analytic(sample = 30) + trust_region"), ()),
    "A parent that is not imported": ("taxon 1\n\nalgorithm mine extends sac {\n  gamma = 0.9\n}\n", ()),
    "A constructor of another slot": (extends("sac", "target = adam(lr = 1e-3)"), ()),
    "A missing brace": (extends("sac", "network { activation = elu")[:-2], ()),
    "A colon for an equals sign": (extends("sac", "gamma: 0.9"), ()),
    "A number out of range": (extends("sac", "gamma = 1.5"), ()),
    "A string where a name stands": (extends("sac", 'network.activation = "elu"'), ()),
    "A list that is none": (extends("sac", "network.hidden = 256"), ()),
    "The same path twice": (extends("sac", "gamma = 0.9", "gamma = 0.95"), ()),
    "No edition": ("import std.sac\n\nalgorithm mine extends sac {\n  gamma = 0.9\n}\n", ()),
    "Retrace on shuffled steps": (extends("sac", "G.estimate = retrace(1)"), ()),
    "An advantage at fresh actions": (extends("awr", "pi_p.update = sg"), ()),
    "An E-step for a parametric posterior": (extends("sac", "pi_q.update = analytic"), ()),
    "A replay under the likelihood ratio": (extends("ppo_clip", "data = replay"), ()),
    "A Gaussian on CartPole": (extends("sac", "gamma = 0.95"), ("--env", "CartPole-v1")),
    "A deterministic policy that keeps its entropy": (
        extends("sac", "pi_theta = mean(s)", "G = Q[pi_q]", "unset network.policy.std"),
        (),
    ),
    "Two mixins that disagree": (
        "taxon 1\nimport std.sac\n\narchitecture wide {\n  network.policy.hidden = [512, 512]\n}\n\n"
        "architecture narrow {\n  network.policy.hidden = [64, 64]\n}\n\n"
        "algorithm mine extends sac with wide, narrow {\n}\n",
        (),
    ),
    "A circle": ("taxon 1\n\nalgorithm one extends two {\n}\n\nalgorithm two extends one {\n}\n", ()),
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(here: Path, title: str, *options: str) -> str:
    text, arguments = MISTAKES[title]
    (here / "mine.tx").write_text(text, "utf-8")
    return taxon("check", "mine.tx", *arguments, *options).stdout


@pytest.mark.parametrize("title", MISTAKES)
def test_it_is_told_once_with_a_place_and_a_way_out(title: str, here: Path) -> None:
    findings = json.loads(check(here, title, "--format", "json"))["diagnostics"]
    assert len({finding["code"] for finding in findings}) == 1
    assert len(findings) == 1
    (finding,) = findings
    assert finding["labels"]
    assert finding["help"]


def test_the_page_is_current(here: Path) -> None:
    parts = [INTRODUCTION]
    for number, (title, (text, arguments)) in enumerate(MISTAKES.items(), 1):
        command = " ".join(["taxon check mine.tx", *arguments])
        said = check(here, title).rstrip()
        parts.append(f"## {number}. {title}\n\n```tx\n{text.rstrip()}\n```\n\n```console\n$ {command}\n{said}\n```\n")
    page = "\n".join(parts)
    if os.environ.get("TAXON_UPDATE_SNAPSHOTS"):
        PAGE.write_text(page, "utf-8")
    assert PAGE.read_text("utf-8") == page
    assert len(MISTAKES) == 20
