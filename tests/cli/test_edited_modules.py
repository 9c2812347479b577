"""`--module`: an edited module is trained, evaluated and gone on with, by the user's word and no other."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from cli.program import taxon
from pseudoterminal import on_terminal, plain

from taxon.cli.arguments.modules import name_of
from taxon.runtime.device.made_from import made_from
from taxon.runtime.edited.edit import digest
from taxon.runtime.edited.reading import LARGEST

TOY = (Path(__file__).parents[1] / "runtime" / "toy_agent.py").read_text()
SHORT = ("--env", "Pendulum-v1", "--steps", "60", "--eval-episodes", "1", "--device", "cpu")


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("my-agent.py")
    path.write_text(TOY)
    return path


def record(run: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(Path(run, "run.json").read_text())
    return found


def message(*arguments: str | Path) -> str:
    """What a call that fails says, which is two lines."""
    called = taxon(*arguments)
    assert called.exit_code == 2
    assert [line.split(":")[0] for line in called.stderr.splitlines()] == ["error", " help"], called.stderr
    return called.stderr


def test_emit_says_where_to_go_on(tmp_path: Path) -> None:
    code, shown = on_terminal("emit", "sac", "--out", "my agent.py", columns=120, folder=tmp_path)
    assert (code, plain(shown).strip()) == (
        0,
        "to train it once it is edited: taxon run sac --module 'my agent.py' --env ID",
    )
    # a script of its own is not for taxon, and a program reads no hint
    assert on_terminal("emit", "sac", "--standalone", "--out", "alone.py", folder=tmp_path) == (0, "")
    called = taxon("emit", "sac", "--out", tmp_path / "agent.py")
    assert (called.stdout, called.stderr) == ("", "")


def test_a_module_of_its_own(module: Path) -> None:
    assert taxon("run", "--module", module, *SHORT, "--out", "run").exit_code == 0
    found = record("run")
    assert found["name"] == "my_agent"
    assert found["row"] is None
    edited = {"module": digest(TOY), "file": "my-agent.py"}
    assert found["edited"] == {**edited, "spec": None, "emitted": None, "added": None, "removed": None}
    assert Path("run/agent.py").read_text() == TOY
    assert not Path("run/resolved.tx").exists()
    assert json.loads(Path("run/checkpoint.json").read_text())["body"]["row"] == digest(TOY)

    evaluated = taxon("eval", "run", "--module", module, "--episodes", "1", "--device", "cpu")
    assert evaluated.stdout.startswith(
        "my_agent (edited) on Pendulum-v1 after 60 steps, 1 episode of every seed\nseed 0:"
    )
    gone_on = taxon("run", "--resume", "run", "--module", module, "--steps", "80")
    assert gone_on.exit_code == 0
    assert record("run")["steps_done"] == 80
    # by a copy as well, since it is the text that counts
    shutil.copy("run/agent.py", "copy.py")
    assert taxon("run", "--resume", "run", "--module", "copy.py", "--steps", "90").exit_code == 0


def test_a_module_that_was_edited_from_a_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    small = ("--set", "network.hidden=[4]", "--set", "data.warmup=20", "--set", "data.batch=8")
    assert taxon("emit", "sac", *small, "--out", "mine.py").exit_code == 0
    emitted = Path("mine.py").read_text()
    Path("mine.py").write_text(emitted.replace("GAMMA = 0.99", "GAMMA = 0.9"))
    trained = taxon("run", "sac", *small, "--module", "mine.py", *SHORT, "--out", "run")
    assert trained.exit_code == 0, trained.stderr
    assert "the module is mine.py, edited from sac (+1 -1 lines)" in trained.stdout + trained.stderr
    found = record("run")
    assert found["name"] == "mine"
    assert found["edited"] == {
        "module": digest(Path("mine.py").read_text()),
        "file": "mine.py",
        "spec": "sac",
        "emitted": digest(emitted),
        "added": 1,
        "removed": 1,
    }
    changed = Path("run/difference.txt").read_text().splitlines()
    assert changed[:2] == ["--- taxon emit sac", "+++ mine.py"]
    assert [line for line in changed[2:] if line[:1] in "+-"] == [
        "-GAMMA = 0.99  # discount",
        "+GAMMA = 0.9  # discount",
    ]
    # the row is that of the spec, which the folder has
    assert taxon("run", "sac", *small, *SHORT, "--out", "spec").exit_code == 0
    assert found["row"] == record("spec")["row"]
    assert Path("run/resolved.tx").read_text() == Path("spec/resolved.tx").read_text()

    assert taxon("plot", "run", "spec", "--by", "spec", "--out", "curves.svg").exit_code == 0
    drawn = Path("curves.svg").read_text()
    assert "mine (edited from sac)" in drawn
    assert "has no row to compare" in message("diff", "run", "sac")


def test_another_text_is_refused(module: Path) -> None:
    taxon("run", "--module", module, *SHORT, "--out", "run")
    module.write_text(TOY.replace("1e-2", "1e-3"))
    for call in (("eval", "run"), ("run", "--resume", "run", "--steps", "80")):
        said = message(*call, "--module", module)
        assert f"the SHA-256 of its text begins {digest(TOY)[:12]}, and that of this one" in said
        assert "a copy of which is run/agent.py, or begin another run" in said.replace(str(Path.cwd()) + "/", "")
    assert record("run")["steps_done"] == 60


def test_a_folder_executes_nothing_by_itself(module: Path) -> None:
    taxon("run", "--module", module, *SHORT, "--out", "run")
    Path("run/agent.py").write_text("raise SystemExit('executed')")
    for call in (("eval", "run"), ("run", "--resume", "run", "--steps", "80")):
        said = message(*call)
        assert "nothing in a run's folder is executed" in said
        assert "--module my-agent.py, or --module run/agent.py, if you trust" in said
        assert "trained another module" in message(*call, "--module", "run/agent.py")


def test_a_run_of_a_spec_takes_no_module(module: Path) -> None:
    small = ("--set", "network.hidden=[4]", "--set", "data.warmup=20", "--set", "data.batch=8")
    taxon("run", "td3", *small, *SHORT, "--out", "run")
    for call in (("eval", "run"), ("run", "--resume", "run", "--steps", "80")):
        assert "trained a spec, whose module is emitted anew" in message(*call, "--module", module)


def test_a_record_that_contradicts_itself(module: Path) -> None:
    taxon("run", "--module", module, *SHORT, "--out", "run")
    whole = record("run")
    for change, said in (
        ({"edited": None}, "row is that of a spec"),
        ({"row": "0" * 64}, "row is that of a spec"),
        ({"edited": {**whole["edited"], "added": 1}}, "are there together or not at all"),  # type: ignore[dict-item]
        ({"edited": {**whole["edited"], "file": "a\x1bb"}}, "cannot be shown"),  # type: ignore[dict-item]
        ({"edited": {**whole["edited"], "module": "x"}}, "edited.module"),  # type: ignore[dict-item]
    ):
        Path("run/run.json").write_text(json.dumps({**whole, **change}))
        assert said in message("eval", "run", "--module", module)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--module", "nowhere.py"), "nowhere.py cannot be read: No such file"),
        (("--module", "."), ". is no file"),
        (("--module", "my-agent.py", "--set", "data.batch=8"), "--set changes a spec, and my-agent.py is a module"),
        (("--module", "binary.py"), "binary.py is not UTF-8"),
        (("--module", "nul.py"), "nul.py holds a NUL"),
        (("--module", "huge.py"), f"huge.py has more than {LARGEST:,} bytes"),
        (("--module", "empty.py"), "empty.py: the module has no DATA"),
        (("--module", "wrong.py"), "wrong.py:2: SyntaxError"),
        (("--module", "alone.py"), "DATA is of the type Replay"),
        ((), "there is no spec to train"),
    ],
)
def test_what_is_no_module(module: Path, words: tuple[str, ...], said: str) -> None:
    Path("binary.py").write_bytes(b"\xff\xfe")
    Path("nul.py").write_bytes(b"x = 1\0\n")
    Path("huge.py").write_bytes(b"#" * (LARGEST + 1))
    Path("empty.py").write_text("")
    Path("wrong.py").write_text("x = 1\ny = = 2\n")
    taxon("emit", "sac", "--standalone", "--out", "alone.py")
    assert said in message("run", *words, *SHORT)
    assert not Path("runs").exists()


def test_an_environment_that_does_not_suit_and_a_run_too_short(module: Path) -> None:
    said = message("run", "--module", module, "--env", "CartPole-v1", "--device", "cpu")
    assert "CartPole-v1 has discrete actions, and the policy has continuous ones" in said
    said = message("run", "--module", module, *SHORT, "--steps", "19")
    assert "19 steps end before the first update of my-agent.py, at step 20" in said
    assert not Path("runs").exists()


def test_what_a_module_raises_while_it_is_trained(module: Path) -> None:
    late = "if bool((updates > 25).any()):\n            updates = updates.no_such_thing\n        y = batch.reward"
    module.write_text(TOY.replace("y = batch.reward", late))
    number = 1 + module.read_text().split("no_such_thing")[0].count("\n")
    said = message("run", "--module", module, *SHORT, "--save-every", "10", "--out", "run")
    assert f"my-agent.py:{number}: AttributeError: 'Tensor' object has no attribute 'no_such_thing'" in said
    assert "the whole traceback is in" in said
    assert "no_such_thing" in Path("run/failure-of-module.txt").read_text()
    assert record("run")["status"] == "failed"
    # and where it goes on
    assert f"my-agent.py:{number}:" in message("run", "--resume", "run", "--module", module)


def test_an_edited_module_shares_no_compiled_library_with_another() -> None:
    assert made_from(TOY) == made_from(TOY)
    assert made_from(TOY.replace("1e-2", "1e-3")) != made_from(TOY)


@pytest.mark.parametrize(
    ("file", "name"), [("agent.py", "agent"), ("my-sac v2.py", "my_sac_v2"), ("2nd.py", "_2nd"), ("π.py", "_")]
)
def test_a_name_from_a_file(file: str, name: str) -> None:
    assert name_of(Path(file)) == name
