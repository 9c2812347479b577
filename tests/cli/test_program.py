"""The program around its commands: help, versions, exit codes, what is misspelt, and what goes to which stream."""

from __future__ import annotations

import platform
import re
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from program import program, taxon
from pseudoterminal import environment
from typer.main import get_command

from taxon.cli.main import COMMANDS, asked
from taxon.cli.program.exits import EXITS
from taxon.cli.specs.failure import user_errors
from taxon.version import VERSION

ROOT = Path(__file__).parents[2]


def called(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own: what `main` does before the commands are there."""
    call = [sys.executable, "-m", "taxon", *arguments]
    return subprocess.run(call, capture_output=True, text=True, timeout=60, env=environment({}), cwd=folder)


def test_versions() -> None:
    done = called("--version")
    torch = version("torch")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"taxon {VERSION} (Python {platform.python_version()}, torch {torch})\n"


@pytest.mark.parametrize(
    ("line", "commands"),
    [
        ("check sac", ["check"]),
        ("--no-pager diff a b", ["diff"]),
        ("--version", []),
        ("", []),
        ("--help", list(COMMANDS)),
        ("chekc sac", list(COMMANDS)),
        ("--version check", ["check"]),
    ],
)
def test_only_what_is_asked_for_is_imported(line: str, commands: list[str]) -> None:
    assert asked(line.split()) == commands


@pytest.mark.parametrize("line", ["list", "study status examples/studies/double_q.tx"])
def test_an_output_that_is_full(line: str) -> None:
    """With Python's buffer, and of what the command writes through it as it ends."""
    call = [sys.executable, "-m", "taxon", *line.split()]
    with open("/dev/full", "w") as full:
        done = subprocess.run(call, stdout=full, stderr=subprocess.PIPE, text=True, env=environment({}), cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == (
        "error: the output or a file cannot be written: No space left on device\n"
        " help: mend that, or write it to another place\n"
    )


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_a_stream_that_the_shell_has_closed_leads_nowhere(closed: str, tmp_path: Path) -> None:
    """And its number goes to no file that the command writes."""

    def ends(words: str) -> int:
        line = f"{shlex.quote(sys.executable)} -m taxon {words} {closed}"
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, env=environment({}))
        assert "Traceback" not in done.stderr
        return done.returncode

    assert ends("emit sac --out module.py") == 0
    assert (tmp_path / "module.py").read_text("utf-8") == taxon("emit", "sac").stdout
    assert ends("list") == 0
    assert ends("check nothing.tx") == 2


def test_what_the_system_refuses(capsys: pytest.CaptureFixture[str]) -> None:
    """A file is named; a stream is the program's."""
    with pytest.raises(typer.Exit) as ended, user_errors():
        raise OSError(30, "Read-only file system", "studies/a/results.csv")
    assert ended.value.exit_code == 2
    assert capsys.readouterr().err == (
        "error: studies/a/results.csv cannot be used: Read-only file system\n help: mend that, or name another place\n"
    )
    with pytest.raises(BrokenPipeError), user_errors():
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), ("help",)])
def test_help(arguments: tuple[str, ...]) -> None:
    done = called(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(command in done.stdout for command in COMMANDS)
    assert "Usage: taxon [OPTIONS] COMMAND" in done.stdout


def test_help_has_no_word_in_brackets() -> None:
    """What is in brackets is markup to the library that prints it, and would not be shown: `taxon-rl[ray]`, say."""
    texts: list[str] = []

    def read(command: Any) -> None:
        texts.append(command.help or "")
        texts.extend(getattr(parameter, "help", None) or "" for parameter in command.params)
        for each in getattr(command, "commands", {}).values():
            read(each)

    read(get_command(program(tuple(COMMANDS))))
    assert len(texts) > 150
    assert not [text for text in texts if re.search(r"\[[a-z/@#]", text)]


def test_help_about_a_command() -> None:
    assert called("help", "diff").stdout == called("diff", "-h").stdout == called("diff", "--help").stdout
    unknown = called("help", "nothing")
    assert (unknown.returncode, unknown.stdout) == (2, "")


def test_the_exit_codes_are_a_list() -> None:
    lines = [line.split() for line in taxon("--help").stdout.splitlines()]
    first = [line[0] for line in lines[lines.index(["Exit", "codes:"]) + 1 :] if line and line[0].isdigit()]
    assert first == [str(code) for code in EXITS]


def test_defaults_stand_without_brackets() -> None:
    shown = taxon("run", "--help").stdout
    assert "[default: 1M]" in shown
    assert "[default: (" not in shown


def test_what_is_misspelt() -> None:
    done = called("rum", "sac")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean 'run'?" in done.stderr


def test_nothing_asked_is_the_first_screen() -> None:
    done = called()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("taxon ")
    assert "Usage" not in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_mistake_leaves_standard_output_empty(command: str, tmp_path: Path) -> None:
    done = called(command, "--no-such-option", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such option" in done.stderr


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["sac"], "SPEC"),
        (["--seeds", "1"], "--seeds"),  # the default, but asked for
        (["--set", "gamma=0.9"], "--set"),
        (["--precision", "bf16", "--out", "x"], "--out and --precision"),
    ],
)
def test_a_run_that_goes_on_names_what_it_cannot_change(given: list[str], named: str, tmp_path: Path) -> None:
    done = taxon("run", *given, "--resume", tmp_path)
    assert done.exit_code == 2
    assert f"leave {named} out" in done.stderr


def test_a_run_that_goes_on_may_be_asked_for_more(tmp_path: Path) -> None:
    done = taxon("run", "--resume", tmp_path, "--steps", "2M", "--workers", "0")
    assert "leave" not in done.stderr
