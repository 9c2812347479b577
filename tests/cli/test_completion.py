"""What the shells are offered, over the protocol that their completion functions speak."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pseudoterminal import environment

from taxon.cli.arguments import completing
from taxon.data import specs_dir

CALL = "import sys; sys.argv[0] = 'taxon'; from taxon.cli.main import main; main()"
BREAKS = re.compile(r"([=:]+)")  # where bash breaks words that stand in no quotes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with specs and runs."""
    for name in ("runs/sac-Hopper-v4-1", "runs/sac-Hopper-v4-2", "elsewhere/deep", "specs"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("runs/sac-Hopper-v4-1", "runs/sac-Hopper-v4-2", "elsewhere/deep"):
        (tmp_path / name / "run.json").write_text("{}")
    shutil.copy(specs_dir() / "sac.tx", tmp_path / "specs" / "mine.tx")
    (tmp_path / "two.tx").write_text(
        "taxon 1\nalgorithm one { }\nalgorithm two { }\nstudy grid { }\ntune rates { }\nalgorithm {\n"
    )
    (tmp_path / "notes.md").write_text("")
    (tmp_path / "maze.py").write_text("class Maze(gymnasium.Env):\n    pass\ngymnasium.register('Small-v0', Maze)\n")
    (tmp_path / "\x1b[31m.tx").write_text("")
    return tmp_path


def bash(line: str, folder: Path) -> list[str]:
    """What bash is offered for the last word of a line; it completes the piece behind the last break."""
    words = [piece for word in line.split(" ") for piece in (BREAKS.split(word) if word else [""])]
    words = [word for at, word in enumerate(words) if word or at == len(words) - 1]
    if len(words) > 1 and words[-1] == "" and BREAKS.fullmatch(words[-2]):
        words.pop()  # with nothing behind a break, the break is the word
    return asked(
        {"_TAXON_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}, folder
    )


def asked(settings: dict[str, str], folder: Path) -> list[str]:
    call = [sys.executable, "-c", CALL]
    done = subprocess.run(call, capture_output=True, text=True, timeout=60, cwd=folder, env=environment(settings))
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("taxon ru", ["run"]),
        ("taxon run sac_not", ["sac_notanh"]),
        ("taxon --no-pager show sac_not", ["sac_notanh"]),
        ("taxon show std.sac_not", ["std.sac_notanh"]),
        ("taxon check sp", ["specs/mine.tx"]),
        ("taxon show two.tx:", ["one", "two"]),
        ("taxon show two.tx:t", ["two"]),
        ("taxon explain TX30", [f"TX30{digit}" for digit in range(1, 10)]),
        ("taxon explain tx30", [f"tx30{digit}" for digit in range(1, 10)]),
        ("taxon explain pi_p.update.trust_region.kl_m", ["pi_p.update.trust_region.kl_mean"]),
        ("taxon doc retr", ["retrace"]),
        ("taxon show sac --set gam", ["gamma=", "gamma=0.99"]),
        ("taxon show sac --set gamma=", ["0.99"]),
        ("taxon show sac --set network.activation=r", ["relu"]),
        ("taxon show sac --set=network.activation=r", ["relu"]),
        ("taxon run sac --env Hopper-v", ["Hopper-v4", "Hopper-v5"]),
        ("taxon run sac --env=Hopper-v", ["Hopper-v4", "Hopper-v5"]),
        ("taxon check sac --env dm_control/walker-w", ["dm_control/walker-walk"]),
        ("taxon run sac --env taxon/Co", ["taxon/Copy-v0"]),
        ("taxon run sac --env ma", ["maze.py"]),
        ("taxon run sac --env maze.py:", ["Maze", "Small-v0"]),
        ("taxon env maze.py:S", ["Small-v0"]),
        ("taxon eval run --env no/such/folder/", []),
        ("taxon run sac --wrap TimeL", ["TimeLimit("]),
        ("taxon run --resume ", ["runs/sac-Hopper-v4-1", "runs/sac-Hopper-v4-2"]),
        ("taxon eval else", ["elsewhere/deep"]),
        ("taxon diff runs/sac-Hopper-v4-", ["runs/sac-Hopper-v4-1", "runs/sac-Hopper-v4-2"]),
        ("taxon new mine --from sac_not", ["sac_notanh"]),
        ("taxon check sac --format ", ["concise", "full", "github", "json", "sarif"]),
        ("taxon run sac --precision ", ["bf16", "float32", "tf32"]),
        ("taxon run sac --compile ", ["auto", "off", "on"]),
        ("taxon run sac --device c", ["cpu", "cuda", "cuda:1"]),
        ("taxon run sac --eval-", ["--eval-episodes", "--eval-every", "--eval-seed"]),
        ("taxon study e", ["elsewhere/deep/", "export"]),
        ("taxon study tw", ["two.tx"]),
        ("taxon study two.tx:", ["grid"]),
        ("taxon tune two.tx:", ["rates"]),
        ("taxon tune best two.tx:r", ["rates"]),
        ("taxon tune s", ["specs/mine.tx", "status"]),
        ("taxon study status two.tx:g", ["grid"]),
        ("taxon study two.tx --keep ", ["last", "none"]),
        ("taxon study work two.tx --device ", ["cpu", "cuda"]),
        ("taxon fmt ", ["elsewhere/", "runs/", "specs/", "two.tx"]),
        ("taxon show nothing-begins-so", []),
        ("taxon show no/such/folder/", []),
    ],
)
def test_bash(line: str, some: list[str], folder: Path) -> None:
    assert sorted(word for word in bash(line, folder) if word) == sorted(some)


@pytest.mark.parametrize(
    ("shell", "line", "some"),
    [
        ("zsh", "taxon run sac --env Hopper-v", ['"Hopper-v4"', '"Hopper-v5"']),
        ("zsh", "taxon show two.tx:t", ['"two.tx\\\\:two"']),
        ("fish", "taxon show sac --set network.activation=r", ["network.activation=relu"]),
        ("fish", "taxon explain TX312", ["TX312"]),
    ],
)
def test_other_shells_hand_over_whole_words(shell: str, line: str, some: list[str], folder: Path) -> None:
    settings = {"_TAXON_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line}
    offered = asked({**settings, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}, folder)
    assert all(word in " ".join(offered) for word in some)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_function_of_bash(folder: Path) -> None:
    """Bash itself breaks the words, as it does when TAB is pressed, and its own function is called with them."""
    command = folder / "taxon"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{CALL}" "$@"\n')
    command.chmod(0o755)
    script = f"""
source <(_TAXON_COMPLETE=source_bash {command})
COMP_WORDS=(taxon show sac --set network.activation = r); COMP_CWORD=6
_taxon_completion {command}; echo "${{COMPREPLY[@]}}"
COMP_WORDS=(taxon explain TX312); COMP_CWORD=2
_taxon_completion {command}; echo "${{COMPREPLY[@]}}"
complete -p taxon
"""
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, timeout=60, env=environment({})
    )
    assert done.stdout.splitlines() == ["relu", "TX312", "complete -o default -F _taxon_completion taxon"], done.stderr


def test_an_environment_is_found_without_what_training_needs(folder: Path) -> None:
    settings = {"_TAXON_COMPLETE": "complete_bash", "COMP_WORDS": "taxon\nrun\nsac\n--env\nHop", "COMP_CWORD": "4"}
    told = "print(*{'torch', 'gymnasium', 'numpy', 'lark'} & set(sys.modules), file=sys.stderr)"
    code = f"import atexit, sys\natexit.register(lambda: {told})\n{CALL}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=folder, env=environment(settings)
    )
    assert (done.stdout.split(), done.stderr.strip()) == (["Hopper-v4", "Hopper-v5"], "")


def test_every_environment_that_is_offered_is_one() -> None:
    import gymnasium
    from dm_control import suite

    from taxon.tasks import IDS

    offered = set(completing.environments(""))
    known = {*gymnasium.registry, *IDS, *(f"dm_control/{domain}-{task}" for domain, task in suite.ALL_TASKS)}
    assert offered <= known
    assert {"Hopper-v4", "CartPole-v1", "LunarLander-v3", *IDS} <= offered
    assert {f"dm_control/{domain}-{task}" for domain, task in suite.ALL_TASKS} <= offered
    assert "Hopper-v3" not in offered  # only says that it cannot be made


@pytest.mark.parametrize("typed", ["", "a\0b", "~/", "/", "../", "x" * 5000, "=", ":", "gamma=", "é"])
def test_nothing_is_raised(typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    completers = [each for each in vars(completing).values() if hasattr(each, "__wrapped__")]
    assert len(completers) > 10
    for complete in completers:
        assert all(word.startswith(typed) for word in complete(typed))


def test_it_is_quick(folder: Path) -> None:
    """Of processor time: a shell waits for it at a key press."""
    before = os.times()
    for line in ("taxon run sa", "taxon run sac --env Hop", "taxon explain TX30"):
        bash(line, folder)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used / 3 < 0.6
