"""What is on the screen while a run goes on, in terminals of several widths, after a change of width, and in a file."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from taxon.runtime.progress import RunConsole
from tests.runtime.screen import ROOT, Screen

# Shows a view for each line that it reads, whose number of steps it is, and says what no number is.
SHOWS = """
import sys
from taxon.runtime.progress import RunConsole, SeedView, View, display
console = RunConsole()
seeds = [SeedView(0, -123.4, 22.0), SeedView(1, 1.4, None, 600)]
view = View("mpo on Humanoid-v4 (cpu)", 12_000, seeds, steps_per_second=1234, left=83)
view.updates_per_step, view.losses = {"value": 1.0, "policy": 0.125}, {"value_loss": 0.123, "policy_loss": 3.0}
with display(console) as shown:
    for line in sys.stdin:
        if line.strip().isdigit():
            view.steps = int(line)
            shown.show(view, now=True)
        else:
            shown.say(line.strip())
        if line.strip() == "12000":
            break
    view.doing = "finished"
    shown.finish(view)
    shown.say("to go on: taxon run --resume 'a b'")
"""
COMMAND = [sys.executable, "-c", SHOWS]


def steps_shown(count: str):  # type: ignore[no-untyped-def]
    return lambda lines: any(f"{count} of 12,000 steps" in line for line in lines)


@pytest.mark.parametrize("columns", [60, 80, 140, 250])
def test_the_panel_has_its_figures_at_every_width(columns: int) -> None:
    with Screen(COMMAND, columns, 24) as screen:
        screen.type(b"3000\n")
        lines = screen.wait(lambda lines: any("policy_loss 3" in line for line in lines))
    assert lines[0] == "mpo on Humanoid-v4 (cpu)  training"
    assert lines[1].startswith("3,000 of 12,000 steps   1,234 steps/s   0:01:23 left")
    bar = [line for line in lines if set(line) & set("━╸╺")]
    assert [len(line) for line in bar] == [60]
    assert set(bar[0]) <= set("━╸╺")
    text = " ".join(lines)
    for part in ("1 value updates/step", "0.125 policy updates/step", "training return", "evaluation return"):
        assert part in text
    assert [line.split()[:3] for line in lines if re.match(r"[01]  +-?\d", line)] == [
        ["0", "-123.4", "22.0"],
        ["1", "1.4", "-"],
    ]
    assert "frozen at step 600" in text
    assert lines[-1] == "value_loss 0.123   policy_loss 3"


@pytest.mark.parametrize(("columns", "lines"), [(20, 5), (30, 4), (10, 3)])
def test_a_small_terminal_has_what_fits(columns: int, lines: int) -> None:
    with Screen(COMMAND, columns, lines) as screen:
        screen.type(b"3000\n")
        shown = " ".join(screen.wait(lambda shown: "..." in " ".join(shown)))
        screen.type(b"4000\n")
        screen.wait(lambda shown: "4,000" in " ".join(shown))
    assert "3,000 of" in shown


@pytest.mark.parametrize(("before", "after"), [(140, 70), (80, 60), (60, 40), (60, 100)])
def test_a_terminal_that_changes_its_width_shows_one_panel(before: int, after: int) -> None:
    with Screen(COMMAND, before, 24) as screen:
        screen.type(b"3000\n")
        screen.wait(steps_shown("3,000"))
        screen.resize(after, 24)
        screen.type(b"a word\n4000\n5000\n")
        lines = screen.wait(steps_shown("5,000"))
        screen.type(b"12000\n")
        code, end = screen.ended()
    for shown in (lines, end):
        assert len([line for line in shown if "mpo on Humanoid-v4" in line]) == 1
        assert len([line for line in shown if "of 12,000 steps" in line]) == 1
        assert len([line for line in shown if set(line) <= set("━╸╺") and line]) == 1
    assert "a word" in lines
    assert code == 0
    assert end[-1] == "to go on: taxon run --resume 'a b'"


def test_what_is_said_at_the_end_stands_below_the_panel() -> None:
    with Screen(COMMAND, 80, 24) as screen:
        screen.type(b"3000\nbefore\n12000\n")
        code, lines = screen.ended()
    assert code == 0
    assert lines[0] == "before"
    assert lines[1] == "mpo on Humanoid-v4 (cpu)  finished"
    assert lines[-2:] == ["value_loss 0.123   policy_loss 3", "to go on: taxon run --resume 'a b'"]


@pytest.mark.parametrize("environment", [{"TERM": "dumb"}, {"TERM": "unknown"}])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(environment: dict[str, str]) -> None:
    with Screen(COMMAND, 80, 24, **environment) as screen:
        screen.type(b"3000\n12000\n")
        _, lines = screen.ended()
    assert lines[0].startswith("3,000/12,000 steps | 1,234 steps/s | 0:01:23 left | 1 value updates/step")
    assert len([line for line in lines if "/12,000 steps" in line]) == 2


def test_no_color_has_no_colours() -> None:
    with Screen(COMMAND, 80, 24, NO_COLOR="1") as screen:
        screen.type(b"3000\n")
        screen.wait(steps_shown("3,000"))
        colours = {screen.screen.buffer[y][x].fg for y in range(24) for x in range(80)}
    assert colours == {"default"}


def test_a_terminal_without_the_characters_of_a_bar_gets_others() -> None:
    with Screen(COMMAND, 80, 24, PYTHONIOENCODING="ascii", PYTHONUTF8="0") as screen:
        screen.type(b"6000\n")
        lines = screen.wait(steps_shown("6,000"))
    assert any(line.startswith("-" * 30) and set(line) <= {"-", " "} for line in lines)


def test_forced_colours_make_a_file_no_terminal() -> None:
    words = "".join(f"{steps}\n" for steps in range(10, 2_000, 10)) + "12000\n"
    called = subprocess.run(
        COMMAND,
        input=words,
        capture_output=True,
        text=True,
        env={"FORCE_COLOR": "1", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
        check=True,
    )
    assert "\x1b" not in called.stdout
    assert called.stdout.splitlines()[0].startswith("10/12,000 steps | 1,234 steps/s | 0:01:23 left")
    assert called.stdout.splitlines()[-1] == "to go on: taxon run --resume 'a b'"


def test_before_the_first_updates_no_time_is_named() -> None:
    from rich.console import Console

    from taxon.runtime.progress import SeedView, View, line, panel

    view = View("sac", 12_000, [SeedView(0)], steps=500, steps_per_second=2_000, first_updates=10_000)
    assert line(view) == "500/12,000 steps | 2,000 steps/s | no updates before step 10,000"
    console = Console(file=io.StringIO(), width=80)
    console.print(panel(view))
    assert "500 of 12,000 steps   2,000 steps/s   no updates before step 10,000" in console.file.getvalue()
    assert "evaluation" not in console.file.getvalue()


def training(steps: str, folder: Path) -> list[str]:
    """The whole program."""
    small = ["network.hidden=[8]", "data.warmup=50", "data.batch=8"]
    command = [sys.executable, "-m", "taxon", "run", "sac", "--env", "Pendulum-v1", "--steps", steps, "--device", "cpu"]
    command += [f"--set={setting}" for setting in small]
    return [*command, "--compile", "off", "--workers", "0", "--eval-every", "never", "--out", str(folder)]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no file that is always full")
def test_a_full_disk_under_the_output_ends_no_run(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            training("60", tmp_path / "run"), stdout=full, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
    assert done.returncode == 0
    assert done.stderr == "warning: the run goes on, and shows nothing any more: No space left on device\n"
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "finished"


def test_a_reader_that_leaves_ends_no_run(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(training("60", tmp_path / "run"), stdout=writer, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((tmp_path / "run" / "run.json").read_text())["status"] == "finished"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_why_nothing_is_shown_is_said_once(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A disk is full, or a terminal is gone."""

    class Refusing(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(code, os.strerror(code))

    console = RunConsole(file=Refusing(), width=200)
    for _ in range(3):
        console.print("figures")
    assert capsys.readouterr().err == f"warning: the run goes on, and shows nothing any more: {os.strerror(code)}\n"


def test_ctrl_c_ends_a_run_with_the_command_that_goes_on(tmp_path: Path) -> None:
    """The whole program in a terminal: the advice stands last, below the panel, and a shell can read it."""
    with Screen(training("1M", tmp_path / "a run"), 80, 24) as screen:
        lines = screen.wait(
            lambda lines: any(
                re.search(r"\d of 1,000,000 steps +\d+ steps/s +\d+:\d\d:\d\d left", line) for line in lines
            )
        )
        assert any("sac on Pendulum-v1 (cpu)  training" in line for line in lines)
        screen.type(b"\x03")
        code, lines = screen.ended()
    assert code == 130
    text = "".join(lines)  # the advice is longer than a line
    assert text.endswith(f"to go on: taxon run --resume '{tmp_path / 'a run'}'")
    assert "sac on Pendulum-v1 (cpu)  interrupted" in lines
