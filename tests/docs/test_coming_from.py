"""docs/coming_from.md: its tables are those of the code, its example is printed, and the specs that it names exist."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from cli.program import taxon
from writers import coming_from

from taxon.cli.main import COMMANDS
from taxon.cli.program.naming import COMMANDS as ELSEWHERE
from taxon.semantics import load_spec

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "coming_from.md"
_NAMES = re.compile(r"(?<=-->\n).*?(?=<!-- end of names -->)", re.DOTALL)


def test_the_tables_are_those_of_the_code() -> None:
    text = PAGE.read_text("utf-8")
    (written,) = re.findall(r"^<!-- names: [^\n]* -->\n(.*?)^<!-- end of names -->$", text, re.MULTILINE | re.DOTALL)
    current = f"\n{coming_from.write()}\n\n"
    if os.environ.get("TAXON_UPDATE_SNAPSHOTS"):
        PAGE.write_text(_NAMES.sub(lambda _: current, text), "utf-8")
    else:
        assert written == current


def test_the_example_is_what_is_printed() -> None:
    ((command, shown),) = re.findall(
        r"^\$ taxon (run[^\n]*)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    called = taxon(*command.split())
    assert (called.exit_code, called.stdout, called.stderr) == (1, "", shown)


def test_the_specs_that_it_names_mean_something() -> None:
    (algorithms,) = re.findall(r"^## Algorithms\n(.*?)^## ", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    named = {
        name
        for row in re.findall(r"^\| [^|]* \| ([^|]*) \| ([^|]*) \|$", algorithms, re.MULTILINE)
        for cell in row
        for name in re.findall(r"`([^`]*)`", cell)
    } - {"check"}
    assert len(named) > 8
    for name in named:
        assert load_spec(ROOT / name if "/" in name else name).row is not None, name


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("run ppo --total-timesteps 1e6", "did you mean --steps"),
        ("run ppo --n-envs 8", "--set data.environments=..."),
        ("run ppo --seed 3", "`--seeds 3,` seed 3"),
        ("run ppo --num-envs 8", "(num_envs in cleanrl)"),
        ("run ppo --learning-rate 1e-3", "--set optimizer.policy.lr=... --set optimizer.value.lr=..."),
        ("run ppo --cuda", "did you mean --device"),
        ("run sac --target-entropy -1", "counts for each action dimension"),
        ("show sac --n_steps 3", "did you mean --set data.steps=... or --set g.estimate.n=..."),
        ("check sac --batch-size 3", "did you mean `data.batch`"),
        ("diff sac mpo --seed 3", "no part of an algorithm"),
        ("run ppo --nothing-of-the-kind 3", "no such option: --nothing-of-the-kind"),
        *((f"{there} x", f"did you mean '{here}'?") for there, here in ELSEWHERE.items()),
    ],
)
def test_what_is_typed_elsewhere_is_answered(line: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    called = taxon(*line.split())
    assert (called.exit_code, called.stdout) == (2, "")
    assert said in " ".join(re.sub(r"[│╭╰─╮╯]", " ", called.stderr).split()).lower()


def test_the_commands_of_other_programs_are_none_of_these() -> None:
    assert not ELSEWHERE.keys() & COMMANDS.keys()
    assert set(ELSEWHERE.values()) <= COMMANDS.keys()
