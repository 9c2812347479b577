"""taxon derive: its formats, and that its line numbers are those of `taxon emit` with the same options."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from program import taxon

LINES = re.compile(r"(\w+(?:\.\w+)*) (\d+)(?:-(\d+))?")


def places(shown: str) -> list[tuple[str, int, int]]:
    """Function, first and last line of everything that a derivation names."""
    notes = re.findall(r"^   code    (.*(?:\n {11}\S.*)*)", shown, re.MULTILINE)
    found = [LINES.findall(note) for note in notes]
    return [(name, int(first), int(last or first)) for each in found for name, first, last in each]


@pytest.mark.parametrize(
    "arguments",
    [
        ("mpo",),
        ("awr", "--set", "G.estimate=gae(0.9)"),
        ("ppo", "--env", "CartPole-v1"),
        ("td3", "--set", "exploration=ornstein_uhlenbeck"),
        ("reps", "--set", "gamma=1"),
        ("urex", "--set", "optimizer.clip=3"),
    ],
)
def test_the_lines_are_those_of_emit(arguments: tuple[str, ...]) -> None:
    shown, module = taxon("derive", *arguments), taxon("emit", *arguments).stdout.splitlines()
    assert (shown.exit_code, shown.stderr) == (0, "")
    found = places(shown.stdout)
    assert len(found) > 10
    for function, first, last in found:
        assert 1 <= first <= last <= len(module)
        if function == "module":
            assert not module[first - 1].startswith(" ")
            continue
        # the function's own line is the last one above that defines its name, and nothing between ends it
        name = function.rpartition(".")[2]
        start = next(k for k in range(first - 1, -1, -1) if module[k].lstrip().startswith(f"def {name}("))
        indent = len(module[start]) - len(module[start].lstrip())
        inside = [line for line in module[start + 1 : last] if line and not line.lstrip().startswith(")")]
        assert all(len(line) - len(line.lstrip()) > indent for line in inside), function


def test_an_equation_stands_beside_the_line_that_computes_it() -> None:
    shown, module = taxon("derive", "mpo").stdout, taxon("emit", "mpo").stdout.splitlines()
    section = next(part for part in shown.split("\n\n") if "The temperature" in part)
    assert "g(eta) = 0.1 eta + eta E_s log(1/20 sum_{m=1}^20 exp(G(s, a_m) / eta))" in section
    function, first, last = places(section)[0]
    assert function == "update"
    assert any("temperature_dual(score, eta, EPSILON, dim=1)" in line for line in module[first - 1 : last])
    assert "pi_q.update.trust_region.kl = 0.1" in section


@pytest.mark.parametrize(
    ("format", "begins", "holds"),
    [
        ("text", "sac\n", "   source  "),
        ("markdown", "# `sac`\n", "$$\nL(\\theta) = "),
        ("latex", "\\documentclass{article}\n", "\\[ L(\\theta) = "),
    ],
)
def test_formats(format: str, begins: str, holds: str) -> None:
    result = taxon("derive", "sac", "--format", format)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(begins)
    assert holds in result.stdout
    assert result.stdout.isascii()


def test_overrides_enter_the_equations() -> None:
    assert "y = r + 0.5 (1 - d) V(s')" in taxon("derive", "sac", "--set", "gamma=0.5").stdout
    assert "sum_b exp(" in taxon("derive", "ppo", "--env", "CartPole-v1").stdout


def test_mistakes(tmp_path: Path) -> None:
    result = taxon("derive", "scc")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean `sac`?" in result.stderr
    result = taxon("derive", "sac", "--set", "gamma=2")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "TX204" in result.stderr
    assert taxon("derive", "sac", "--format", "pdf").exit_code == 2


def test_a_name_of_several_words(tmp_path: Path) -> None:
    (tmp_path / "a.tx").write_text("taxon 1\nimport std.sac\nalgorithm my_own extends sac { }\n")
    assert taxon("derive", tmp_path / "a.tx").stdout.startswith("my_own\n")
    assert "\\section*{my\\_own}" in taxon("derive", tmp_path / "a.tx", "--format", "latex").stdout


def test_the_documentation_shows_what_is_printed() -> None:
    """But for line numbers, which follow the templates."""
    page = (Path(__file__).parents[2] / "docs" / "derive.md").read_text("utf-8")
    section = re.search(r"^4\. .*?(?=^   code)", page, re.MULTILINE | re.DOTALL)
    assert section is not None
    assert section.group() in taxon("derive", "sac").stdout
