"""The pages of the codes: each has examples, and they are what they say. That each example of a rule gives its code and
each mended one nothing is the corpus test's."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from program import taxon

from taxon.cli.commands.examples import findings
from taxon.cli.specs.codes import CODES
from taxon.data import corpus_dir
from taxon.diagnostics import full
from taxon.diagnostics.pages import Example, Page, page

# What does not come alone: a hundred other mistakes come first.
BESIDE = {"TX018": {"TX001"}}


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_examples_that_give_it_alone(code: str) -> None:
    examples = page(CODES[code], corpus_dir()).examples
    assert examples
    names = [path for path in (corpus_dir() / "bad").glob(f"{code.lower()}_*.tx") if mended(path).exists()]
    assert len(names) == len(examples)
    for path in names:
        expected = path.read_bytes().splitlines()[0].decode().removeprefix("# expect:").split()
        assert set(expected) == {code} | BESIDE.get(code, set())


def mended(path: Path) -> Path:
    return path.parents[1] / "good" / f"{path.stem}_fixed.tx"


@pytest.mark.parametrize("code", [code for code in CODES if code.startswith("TX0")])
def test_syntax_is_not_all_that_check_looks_at(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The corpus test reads only the syntax of these; no second mistake may hide in them, or in their mended form."""
    for bad, good in page(CODES[code], corpus_dir()).examples:
        assert found(bad, corpus_dir() / "bad", monkeypatch) == {code} | BESIDE.get(code, set())
        assert found(good, corpus_dir() / "good", monkeypatch) == set()


def found(example: Example, folder: Path, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    monkeypatch.chdir(folder)
    program, *arguments = shlex.split(example.command)
    assert program == "taxon"
    called = taxon(*arguments)
    return set(re.findall(r"^(?:error|warning)\[(TX\d+)\]", called.stdout + called.stderr, re.MULTILINE))


def test_a_page_shows_its_examples() -> None:
    lines = taxon("explain", "TX501").stdout.splitlines()
    wrong, right = lines.index("Wrong:"), lines.index("Right:")
    assert "      G.estimate = td(0)" in lines[wrong:right]
    assert "      G.estimate = td(0) + clipped_double" in lines[right:]
    assert "    $ taxon check tx501_one_critic.tx" in lines[wrong:right]
    assert not [line for line in lines if "expect:" in line]
    assert any(line.startswith("Source: Furuta") for line in lines[:wrong])


def test_a_page_shows_the_command_that_tells() -> None:
    shown = taxon("explain", "TX115").stdout
    assert "    $ taxon show sac --set gamma=0.9,eta=2\n    error[TX115]: " in shown
    assert "Right:\n\n    $ taxon show sac --set gamma=0.9 --set target.tau=0.01\n" in shown


def test_wrong_shows_the_file_and_then_what_the_command_says_of_it() -> None:
    """The lines that the finding names are those of the text above it."""
    shown = taxon("explain", "TX307").stdout
    wrong = shown[shown.index("Wrong:") : shown.index("Right:")].splitlines()
    text, said = (wrong[2 : wrong.index(next(line for line in wrong if "$ taxon" in line))], "\n".join(wrong))
    (line,) = re.findall(r"--> tx307_advantage_of_fresh_actions.tx:(\d+):", said)
    assert said.index("algorithm ours") < said.index("$ taxon check") < said.index("error[TX307]")
    assert text[int(line) - 1] == "      pi_p.update = sg"


@pytest.mark.parametrize("code", [code for at, code in enumerate(CODES) if at % 5 == 0 or code[2] == "4"])
def test_what_a_page_says_is_what_the_command_prints(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for bad, _ in page(CODES[code], corpus_dir()).examples:
        if bad.text:
            Path(bad.name).write_bytes(bad.data)
        called = taxon(*shlex.split(bad.command)[1:])
        printed = called.stdout if bad.command.startswith("taxon check") else called.stderr
        assert full.render(findings(bad)) == printed
        assert f"error[{code}]" in printed or f"warning[{code}]" in printed


@pytest.mark.parametrize("code", ["TX010", "TX011", "TX018"])
def test_a_long_example_is_cut(code: str) -> None:
    assert len(taxon("explain", code).stdout.splitlines()) < 100


def test_a_code_without_examples_has_a_page(tmp_path: Path) -> None:
    assert page(CODES["TX501"], tmp_path) == Page(CODES["TX501"], ())
