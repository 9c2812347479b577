"""Training from Python is `taxon run`: the same folder, the same numbers, and no harm to the program around it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import gymnasium
import pytest
import torch
from cli.program import taxon as command

import taxon
from taxon.api.programs import SpecWarning
from taxon.runtime.events import Began, Ended, Evaluated, Saved

FAST: dict[str, Any] = {
    "env": "Pendulum-v1",
    "steps": 120,
    "eval_every": 120,
    "eval_episodes": 1,
    "device": "cpu",
    "workers": 0,
    "progress": False,
}
ROOT = Path(taxon.__file__).parents[1]


def numbers(folder: Path) -> list[dict[str, Any]]:
    """The lines of a run's metrics but for the clock's."""
    lines = map(json.loads, (folder / "metrics.jsonl").read_text("utf-8").splitlines())
    return [
        {name: value for name, value in line.items() if name not in ("seconds", "steps_per_second")} for line in lines
    ]


def test_it_is_the_command(quick: taxon.Spec, tmp_path: Path) -> None:
    file = tmp_path / "quick.tx"
    file.write_text(quick.text, "utf-8")
    called = command(
        *("run", file, "--env", "Pendulum-v1", "--seeds", "3,5", "--steps", "120", "--eval-every", "120"),
        *("--eval-episodes", "1", "--device", "cpu", "--workers", "0", "--out", tmp_path / "typed"),
    )
    assert called.exit_code == 0, called.stderr
    run = taxon.train(quick, **FAST, seeds=[3, 5], out=tmp_path / "called")
    assert numbers(tmp_path / "called") == numbers(tmp_path / "typed")
    for name in ("resolved.tx", "agent.py"):
        assert (tmp_path / "called" / name).read_bytes() == (tmp_path / "typed" / name).read_bytes()
    typed = taxon.open(tmp_path / "typed")
    clock = ("started", "ended")
    assert {k: v for k, v in run.record.items() if k not in clock} == {
        k: v for k, v in typed.record.items() if k not in clock
    }
    assert (run.seeds, run.status, run.steps, run.name, run.env) == ((3, 5), "finished", 120, "sac", "Pendulum-v1")
    assert run.spec == typed.spec == quick


def test_a_function_makes_the_environment(quick: taxon.Spec, tmp_path: Path, trained: taxon.Run) -> None:
    made = []

    def pendulum() -> gymnasium.Env[Any, Any]:
        made.append(1)
        return gymnasium.make("Pendulum-v1", disable_env_checker=True)

    named = taxon.train(quick, **FAST, out=tmp_path / "id")
    run = taxon.train(quick, **{**FAST, "env": pendulum}, out=tmp_path / "function")
    assert made
    assert numbers(run.folder) == numbers(named.folder)
    assert run.env == "pendulum()"
    more = run.resume(steps=150, progress=False)
    assert (more.status, more.steps) == ("finished", 150)
    with pytest.raises(taxon.Error, match="was made by a function of a Python program"):
        taxon.open(run.folder).resume(steps=200, progress=False)
    again = taxon.open(run.folder).resume(steps=200, env=pendulum, progress=False)
    assert again.steps == 200


def test_arguments_and_wrappers(quick: taxon.Spec, tmp_path: Path) -> None:
    run = taxon.train(quick, **FAST, env_set={"g": 9.0}, wrap=["TimeLimit(50)"], out=tmp_path / "run")
    assert {length for each in run.evaluations for length in each.lengths} == {50}
    assert run.record["environment_arguments"] == {"g": "9.0"}
    assert run.env == "Pendulum-v1(g=9.0) + TimeLimit(50)"
    assert run.resume(steps=130, progress=False).steps == 130  # this program has named them itself
    with pytest.raises(taxon.Error, match="arguments or wrappers") as raised:
        taxon.open(run.folder).resume(steps=150, progress=False)
    assert "env_set" in raised.value.help


def test_what_is_resumed_is_as_if_unbroken(quick: taxon.Spec, tmp_path: Path) -> None:
    whole = taxon.train(quick, **{**FAST, "steps": 240}, out=tmp_path / "whole")
    half = taxon.train(quick, **FAST, out=tmp_path / "half")
    (half.folder / "agent.py").write_text("raise SystemExit('executed')", "utf-8")
    more = taxon.open(half.folder).resume(steps=240, progress=False)
    assert more.status == whole.status == "finished"
    assert numbers(more.folder) == numbers(whole.folder)
    assert half.steps == 120  # what was opened stays as it was


class Noting(taxon.Callback):
    def __init__(self) -> None:
        self.seen: list[object] = []

    def began(self, event: Began) -> None:
        self.seen.append(event)

    def saved(self, event: Saved) -> None:
        self.seen.append(event)

    def evaluated(self, event: Evaluated) -> taxon.Halt | None:
        self.seen.append(event)
        return taxon.Halt("enough") if event.step else None

    def ended(self, event: Ended) -> None:
        self.seen.append(event)


def test_callbacks_and_what_else_ends_a_run(quick: taxon.Spec, tmp_path: Path) -> None:
    noting = Noting()
    given = {**FAST, "steps": 360, "keep": "best", "log": ["csv"]}
    run = taxon.train(quick, **given, callbacks=[noting], out=tmp_path / "run")
    assert (run.status, run.steps) == ("stopped", 120)
    assert isinstance(noting.seen[0], Began)
    assert isinstance(noting.seen[-1], Ended)
    assert not (run.folder / "tensorboard").exists()
    assert list(run.folder.glob("*.csv"))
    on = run.resume(progress=False)
    assert (on.status, on.steps) == ("finished", 360)
    reached = taxon.train(quick, **{**FAST, "steps": 360}, stop_at=-1e9, out=tmp_path / "reached")
    assert (reached.status, reached.steps) == ("reached", 0)


def test_a_callback_that_fails(quick: taxon.Spec, tmp_path: Path) -> None:
    class Failing(taxon.Callback):
        def evaluated(self, event: Evaluated) -> None:
            raise ValueError("mine")

    with pytest.raises(taxon.Error, match="mine"):
        taxon.train(quick, **FAST, callbacks=[Failing()], out=tmp_path / "run")
    with pytest.raises(taxon.Error, match="which is no callback"):
        taxon.train(quick, **FAST, callbacks=[print], out=tmp_path / "other")  # type: ignore[list-item]
    with pytest.raises(taxon.Error, match="callbacks is of the kind Failing, and no list"):
        taxon.train(quick, **FAST, callbacks=Failing(), out=tmp_path / "other")  # type: ignore[arg-type]


class Interrupting(taxon.Callback):
    """Ctrl-C after the first evaluation."""

    def evaluated(self, event: Evaluated) -> None:
        os.kill(os.getpid(), signal.SIGINT)


def test_a_script_that_is_interrupted(quick: taxon.Spec, tmp_path: Path) -> None:
    with pytest.raises(taxon.Interrupted, match="is saved after") as raised:
        taxon.train(quick, **FAST, callbacks=[Interrupting()], out=tmp_path / "run")
    run = raised.value.run
    assert isinstance(raised.value, KeyboardInterrupt)
    assert run.status == "interrupted"
    assert run.resume(progress=False).status == "finished"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_at_a_prompt_the_interrupted_run_is_returned(
    quick: taxon.Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    run = taxon.train(quick, **FAST, callbacks=[Interrupting()], out=tmp_path / "run")
    assert run.status == "interrupted"


def test_in_a_thread(quick: taxon.Spec, tmp_path: Path) -> None:
    found: list[taxon.Run] = []
    thread = threading.Thread(target=lambda: found.append(taxon.train(quick, **FAST, out=tmp_path / "thread")))
    thread.start()
    thread.join()
    here = taxon.train(quick, **FAST, out=tmp_path / "here")
    assert numbers(found[0].folder) == numbers(here.folder)


def test_the_program_stays_as_it_was(quick: taxon.Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wandering(gymnasium.Wrapper[Any, Any, Any, Any]):
        def reset(self, **given: Any) -> Any:
            os.chdir("/")
            return super().reset(**given)

    monkeypatch.chdir(tmp_path)
    threads, drawn = torch.get_num_threads(), torch.get_rng_state()
    run = taxon.train(quick, **{**FAST, "env": lambda: Wandering(gymnasium.make("Pendulum-v1"))})
    assert Path.cwd() == tmp_path
    assert run.folder.parent == tmp_path / "runs"
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), drawn)
    assert not threading.current_thread().daemon
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_script_needs_no_guard(tmp_path: Path) -> None:
    """Worker processes import neither the program nor what it defines."""
    script = tmp_path / "script.py"
    script.write_text(
        "import taxon\n"
        "print('once')\n"
        "small = {'network.hidden': [8], 'data.batch': 8, 'data.warmup': 20, 'data.capacity': '1k'}\n"
        "run = taxon.train(taxon.load('sac').set(small), 'Pendulum-v1', seeds=2, steps=60, eval_every=None,\n"
        "    workers=2, device='cpu', out='out')\n"
        "print(run)\n",
        "utf-8",
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines.count("once") == 1
    assert any("2 processes beside this one" in line for line in lines)
    assert lines[-1].startswith("<Run ")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"env": "Pendulum-v9"}, "there is no environment Pendulum-v9"),
        ({"env": None}, "NoneType is no environment"),
        ({"env": lambda: 3}, "no gymnasium.Env"),
        ({"env": lambda: gymnasium.make("Pendulum-v1"), "env_set": {"g": 9}}, "belong to an id"),
        ({"env_set": {"g": object()}}, "env_set"),
        ({"env_set": {"h": 1}}, "takes no argument h"),
        ({"wrap": "TimeLimitt(3)"}, "no wrapper TimeLimitt"),
        ({"wrap": "TimeLimit("}, "wrap"),
        ({"seeds": 0}, "seeds=0"),
        ({"seeds": []}, "seeds has no seed"),
        ({"seeds": [1, 1]}, "seeds has seed 1 twice"),
        ({"seeds": [-1]}, "-1 is no seed"),
        ({"seeds": 10**6}, "seeds=1000000 is more than 10,000"),
        ({"seeds": "three"}, "seeds='three'"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 1.5}, "steps=1.5"),
        ({"steps": True}, "steps=True"),
        ({"steps": None}, "steps=None"),
        ({"eval_every": 0}, "eval_every=0"),
        ({"eval_every": None}, "leave one of the two out"),
        ({"eval_every": None, "eval_episodes": None, "stop_at": 3}, "stop_at is about evaluations"),
        ({"eval_seed": -1}, "eval_seed=-1"),
        ({"stop_at": float("nan")}, "stop_at=nan"),
        ({"stop_at": "high"}, "stop_at='high'"),
        ({"keep": "worst"}, "keep='worst'"),
        ({"log": "tensorbord"}, "there is no logger tensorbord"),
        ({"log": ["csv", "csv"]}, "log names 'csv' twice"),
        ({"log": 3}, "log=3"),
        ({"save_every": "5 parsecs"}, "save_every='5 parsecs'"),
        ({"compile": "maybe"}, "compile='maybe'"),
        ({"precision": "float8"}, "precision='float8'"),
        ({"workers": -1}, "workers=-1"),
        ({"workers": 10**6}, "workers=1000000"),
        ({"device": "tpu"}, "tpu"),
        ({"device": 3}, "device=3"),
        ({"out": __file__}, "is not an empty folder"),
    ],
)
def test_what_cannot_be_asked(quick: taxon.Spec, tmp_path: Path, given: dict[str, Any], said: str) -> None:
    with pytest.raises(taxon.Error) as raised:
        taxon.train(quick, **{**FAST, "out": tmp_path / "run", **given})
    assert said in raised.value.message + raised.value.help
    assert raised.value.help
    assert "--" not in raised.value.message + raised.value.help
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("spec", "given", "said"),
    [
        ("sca", {}, "did you mean `sac`"),
        ("sac", {"env": "CartPole-v1"}, "TX401"),
        ("sac", {}, "TX403"),
        (str(ROOT / "examples" / "studies" / "tanh.tx"), {}, "taxon study"),
    ],
)
def test_what_cannot_be_trained(spec: str, given: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(taxon.SpecError) as raised:
        taxon.train(spec, **{**FAST, **given}, out=tmp_path / "run")
    assert said in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_amounts_are_read_as_they_are_written(quick: taxon.Spec, tmp_path: Path) -> None:
    run = taxon.train(
        quick, **{**FAST, "steps": "0.12k", "eval_every": 1.2e2, "eval_episodes": "1"}, out=tmp_path / "run"
    )
    assert (run.record["steps"], run.record["evaluate_every"]) == (120, 120)


def test_lints_are_warnings(quick: taxon.Spec, tmp_path: Path) -> None:
    odd = next(
        spec
        for spec in (
            quick.set("data.steps_per_update", 64),
            quick.set("optimizer.policy.lr", 0.5),
            taxon.load("mpo_tanh"),
        )
        if spec.check()
    )
    small = odd.set({"network.hidden": [8], "data.batch": 8, "data.warmup": 20, "data.capacity": "1k"})
    with pytest.warns(SpecWarning, match=r"warning\[TX5"):
        taxon.train(small, **FAST, out=tmp_path / "run")


def test_progress_is_printed(quick: taxon.Spec, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taxon.train(quick, **FAST, out=tmp_path / "quiet")
    assert capsys.readouterr().out == ""
    taxon.train(quick, **{**FAST, "progress": True}, out=tmp_path / "loud")
    assert "finished after 120 steps" in capsys.readouterr().out
