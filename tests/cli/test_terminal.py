"""Width, colours and the pager: every command on a terminal, in a pipe, and as the user's variables have it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pseudoterminal import STYLE, environment, on_terminal, plain

from taxon.cli.commands.examples import findings
from taxon.cli.screen.columns import columns, side_by_side
from taxon.cli.screen.terminal import CYAN, Screen
from taxon.data import corpus_dir
from taxon.diagnostics import full
from taxon.diagnostics.pages import example
from taxon.diagnostics.visible import width

# Each prints lines longer than 60 columns where nothing limits them.
COMMANDS = [
    ("explain", "TX501"),
    ("explain", "pi_q.update"),
    ("table", "sac", "mpo", "td3"),
    ("diff", "sac", "mpo"),
    ("diff", "sac", "mpo", "td3"),
    ("derive", "mpo"),
    ("doc",),
    ("doc", "retrace"),
    ("list",),
    ("ladder", "awac", "awr"),
    ("show", "sac", "--origin"),
    ("check", "wrong.tx"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "wrong.tx").write_text(
        "taxon 1\nimport std.sac\nalgorithm wrong extends sac {\n  G.estimate = td(0)\n  pi_p.update = mixture\n}\n"
    )
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_lines_end_between_words_where_the_terminal_does(command: tuple[str, ...], folder: Path) -> None:
    """No line is longer than the terminal, but for a word that is; and no word is lost or broken."""
    _, shown = on_terminal(*command, columns=60, folder=folder)
    _, whole = on_terminal(*command, columns=400, folder=folder)
    assert shown != plain(shown)
    lines = plain(shown).split("\n")
    assert [line for line in lines if width(line) > 60 and len(line.split()) > 2] == []
    assert max(map(width, plain(whole).split("\n"))) > 60
    if command[0] != "check":  # of a source line the part around its labels is shown
        words = set(plain(whole).split()) - {"|"}
        assert {word for word in words if set(word) != {"-"}} <= set(plain(shown).split())


@pytest.mark.parametrize(
    ("command", "settings"),
    [
        *((command, {"NO_COLOR": "1"}) for command in COMMANDS),
        *((command, {"TERM": "dumb"}) for command in COMMANDS[-2:]),
        *((command, {"CLICOLOR": "0"}) for command in COMMANDS[-2:]),
    ],
)
def test_no_colours(command: tuple[str, ...], settings: dict[str, str], folder: Path) -> None:
    assert "\x1b" not in on_terminal(*command, folder=folder, **settings)[1]


@pytest.mark.parametrize("command", [("check", "wrong.tx"), ("list",), ("show", "sac"), ("emit", "sac"), ("--help",)])
@pytest.mark.parametrize("settings", [{"FORCE_COLOR": "1"}, {"CLICOLOR_FORCE": "1"}, {}], ids=str)
def test_a_pipe_has_colours_where_they_are_forced(
    command: tuple[str, ...], settings: dict[str, str], folder: Path
) -> None:
    piped = pipe(command, folder, {**settings, "COLUMNS": "40"} if command != ("--help",) else settings)
    assert (piped != plain(piped)) is bool(settings)
    if command != ("--help",):
        assert plain(piped) == pipe(command, folder, {})
    if settings:
        assert "\x1b[3" not in pipe(command, folder, {**settings, "NO_COLOR": "1"})


def pipe(command: tuple[str, ...], folder: Path, settings: dict[str, str]) -> str:
    call = [sys.executable, "-m", "taxon", *command]
    return subprocess.run(
        call, stdout=subprocess.PIPE, text=True, timeout=60, cwd=folder, env=environment(settings), check=False
    ).stdout


# --- the pager

MARKED = "sed 's/^/paged: /'"


@pytest.mark.parametrize("command", [("explain", "TX501"), ("show", "sac"), ("emit", "sac"), ("doc",), ("list",)])
def test_what_is_longer_than_the_terminal_is_paged(command: tuple[str, ...]) -> None:
    _, paged = on_terminal(*command, lines=20, PAGER=MARKED)
    _, whole = on_terminal(*command)
    assert plain(paged).replace("paged: ", "") == plain(whole)
    assert all(line.startswith("paged: ") for line in paged.splitlines())


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (("doc",), {"PAGER": "cat"}),
        (("doc",), {"PAGER": ""}),
        (("doc",), {"PAGER": MARKED, "TAXON_PAGER": "cat"}),
        (("doc",), {"PAGER": MARKED, "TERM": "dumb"}),
        (("doc",), {"PAGER": "no-such-pager-anywhere"}),
        (("doc", "--no-pager"), {"PAGER": MARKED}),
        (("--no-pager", "doc"), {"PAGER": MARKED}),
    ],
)
def test_what_is_printed_without_a_pager(arguments: tuple[str, ...], settings: dict[str, str]) -> None:
    code, shown = on_terminal(*arguments, lines=20, **settings)
    assert code == 0
    assert "paged: " not in shown
    assert plain(on_terminal("doc")[1]) in plain(shown)


def test_taxon_has_a_pager_of_its_own_and_less_is_told_what_git_tells_it() -> None:
    told = 'echo "LESS=$LESS"; cat > /dev/null'
    assert on_terminal("doc", lines=20, PAGER=MARKED, TAXON_PAGER=told)[1] == "LESS=FRX\n"
    assert on_terminal("doc", lines=20, PAGER=told, LESS="S")[1] == "LESS=S\n"


def test_what_fits_is_not_paged() -> None:
    code, shown = on_terminal("explain", "TX31", lines=20, PAGER=MARKED)
    assert (code, "paged: " in shown) == (2, False)
    assert "paged: " not in on_terminal("table", "sac", lines=20, PAGER=MARKED)[1]


def test_a_reader_who_leaves_the_pager_early_has_seen_enough() -> None:
    code, shown = on_terminal("emit", "mpo", lines=20, PAGER="head -n 1")
    assert (code, len(shown.splitlines())) == (0, 1)


def test_an_interrupt_is_the_pagers() -> None:
    pager = "trap 'echo stopped; exit' INT; echo begun; cat > /dev/null; sleep 30 & wait"
    code, shown = on_terminal("diff", "sac", "mpo", lines=20, PAGER=pager, keys=("begun", b"\x03"))
    assert code == 1  # they differ
    assert "stopped" in shown
    assert "Traceback" not in shown


def test_a_pipe_whose_reader_leaves_gets_no_traceback() -> None:
    call = f"{sys.executable} -m taxon emit mpo | head -n 1"
    done = subprocess.run(["sh", "-c", call], capture_output=True, text=True, timeout=60, env=environment({}))
    assert (done.stderr, len(done.stdout.splitlines())) == ("", 1)


# --- layout


ROWS = [["", "left", "right"], ["path", "a value of some words", "x" * 30], ["other", "日本語 日本語", "-"]]


@pytest.mark.parametrize("limit", [20, 30, 40, 60, 100])
def test_columns(limit: int) -> None:
    lines = columns(ROWS, 1, Screen(limit))
    assert all(width(line) <= limit or "x" * 30 in line for line in lines)
    assert {word for row in ROWS for cell in row for word in cell.split()} <= set(" ".join(lines).split())


def test_columns_in_wide_letters_stand_below_each_other() -> None:
    lines = columns(ROWS, 1, Screen(100))
    ends = {width(line[: line.rindex(cell)]) for line, cell in zip(lines, ("right", "x" * 30, "-"), strict=True)}
    assert len(ends) == 1


def test_colours_change_no_place() -> None:
    for limit in (20, 40, 100):
        painted = columns(ROWS, 1, Screen(limit, colour=True), styles=("", CYAN))
        assert [plain(line) for line in painted] == columns(ROWS, 1, Screen(limit))
        assert any(STYLE.search(line) for line in painted)


def test_columns_that_have_no_room_stand_below() -> None:
    lines = side_by_side([["", "aaa", "bbb", "ccc"], ["path", "1", "2", "3"]], Screen(14))
    assert lines == ["      aaa  bbb", "path  1    2", "", "      ccc", "path  3"]


SPECS = sorted(path.name for path in (corpus_dir() / "bad").glob("tx3*.tx"))[::4]


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("limit", [40, 60, 80])
def test_a_finding_has_all_its_words_at_any_width(name: str, limit: int) -> None:
    found = findings(example(corpus_dir() / "bad" / name))
    assert found
    shown = full.render(found, columns=limit)
    wide = [line for line in shown.splitlines() if width(line) > limit and len(line.split()) > 3]
    assert wide == []
    for finding in found:
        words = " ".join(shown.split())
        for text in (finding.message, finding.help or "", *finding.notes):
            assert text in words
        assert all(set(label.text.split()) <= set(shown.split()) for label in finding.labels)


def test_a_terminal_without_a_size_has_the_usual_one() -> None:
    shown = plain(on_terminal("doc", columns=0, PAGER="cat")[1])
    assert 60 < max(map(width, shown.splitlines())) <= 80
    assert max(map(width, plain(on_terminal("doc", columns=80, COLUMNS="50")[1]).splitlines())) <= 50
