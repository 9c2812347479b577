"""What is compiled, where it is kept, and what happens where it cannot be."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from recorder import Recorder, loop_of, run
from torch import Tensor

from taxon.operators.data import Phase, Replay, Rollouts
from taxon.operators.noise import no_noise
from taxon.runtime.device.cache import use_cache
from taxon.runtime.device.compiled import WORTH, WORTH_ACTING, Compiling, updates_of
from taxon.runtime.errors import UserError
from taxon.runtime.options import parse_mode

REPLAY = Replay(capacity=99, batch=4, warmup=10, random_warmup=True, steps_per_update=4, sequence=1, episodes=False)
ROLLOUTS = Rollouts(environments=2, steps=4, batch=4)
TESTS = Path(__file__).parents[1]


class Batch(NamedTuple):
    reward: Tensor


def doubled(state: Any, batch: Any, noise: Any) -> tuple[Any, dict[str, Tensor]]:
    return (2 * state[0] + batch.reward,), {"loss": state[0]}


def branching(state: Any, batch: Any, noise: Any) -> tuple[Any, dict[str, Tensor]]:
    return doubled(state, batch, noise) if float(state[0].sum()) > 0 else (state, {"loss": state[0]})


def phase(update: Any = doubled, **fields: Any) -> Phase:
    return Phase("update", fields.pop("updates", 1), Batch, None, no_noise, update, **fields)


def ask(function: Any) -> tuple[Any, dict[str, Tensor]]:
    return function((torch.ones(1),), Batch(torch.ones(1)), ())


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    torch.compiler.reset()
    yield tmp_path / "cache"
    torch.compiler.reset()


@pytest.mark.parametrize(("data", "steps"), [(REPLAY, 9), (REPLAY, 10), (REPLAY, 50), (ROLLOUTS, 7), (ROLLOUTS, 50)])
def test_the_updates_of_a_run_are_known_before_it(data: Replay | Rollouts, steps: int) -> None:
    agent = Recorder()
    agent.phases = (agent.phases[0]._replace(updates=3),)
    loop = loop_of(agent, data, "known/Terminates-v0", [0], steps)
    run(loop, steps // data.environments)
    assert loop.updates["update"] == updates_of(agent.phases[0], data, steps)


def test_what_is_compiled_follows_from_the_mode_and_the_number_of_updates() -> None:
    enough = REPLAY.warmup + REPLAY.steps_per_update * (WORTH - 1)

    def chosen(mode: Any, steps: int, recorded: list[str] | None = None) -> list[str]:
        return Compiling([phase()], REPLAY, steps, mode, print, recorded).compiled

    assert enough < WORTH_ACTING
    assert chosen("auto", enough) == ["update"]
    assert chosen("auto", enough - 1) == []
    assert chosen("auto", WORTH_ACTING) == ["update", "act"]
    assert chosen("on", 10) == ["update", "act"]
    assert chosen("off", WORTH_ACTING) == []
    # A resumed run goes on as it began, whatever is asked now.
    assert chosen("off", 10, recorded=["update"]) == ["update"]
    assert chosen("on", enough, recorded=[]) == []


def test_an_unknown_mode_names_the_known_ones() -> None:
    assert parse_mode("on") == "on"
    with pytest.raises(UserError) as caught:
        parse_mode("yes")
    assert "--compile on" in caught.value.help


def test_all_of_a_growing_replay_runs_eagerly_and_says_so() -> None:
    said: list[str] = []
    whole = phase(whole=True)
    compiling = Compiling([whole], REPLAY._replace(episodes=True), 10, "on", said.append)
    assert compiling.compiled == ["act"]
    assert compiling.prepare("update", doubled) is doubled
    assert said == ["the phase update runs eagerly: what it reads, all that is stored, grows from round to round"]


def test_an_update_that_is_no_one_graph_runs_eagerly_and_says_so(cache: Path) -> None:
    said: list[str] = []
    compiling = Compiling([phase(branching)], REPLAY, 10, "on", said.append)
    update = compiling.prepare("update", branching)
    (state, _) = ask(update)
    assert state[0].item() == 3
    assert compiling.compiled == ["act"]
    assert said[1:] == ["the phase update runs eagerly: it decides by numbers that it computes, which no one graph can"]
    ask(update)
    assert len(said) == 2


def test_both_updates_of_a_delayed_policy_run_the_same_way(cache: Path) -> None:
    compiling = Compiling([phase(branching, every=2, between=doubled)], REPLAY, 10, "on", str)
    update, between = (compiling.prepare("update", function) for function in (branching, doubled))
    ask(update)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("taxon.runtime.device.compiled.compiled", None)
        state, _ = ask(between)
    assert state[0].item() == 3


def test_without_a_compiler_it_runs_eagerly_and_says_so(cache: Path) -> None:
    said: list[str] = []
    compiling = Compiling([phase()], REPLAY, 10, "on", said.append)
    with torch._inductor.config.patch({"cpp.cxx": ("no-such-compiler",)}):
        (state, _) = ask(compiling.prepare("update", doubled))
    assert state[0].item() == 3
    assert said[1:] == ["the phase update runs eagerly: no C++ compiler was found; install g++ or name one in CXX"]


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "mine")
    use_cache()
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == "mine"

    # What torch itself sets it to is nobody's choice.
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", f"{tempfile.gettempdir()}/torchinductor_someone")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    use_cache()
    folder = tmp_path / "cache" / "taxon" / "compiled"
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(folder)
    assert folder.stat().st_mode & 0o077 == 0  # what lies in it is run

    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    use_cache()
    assert Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]).is_dir()
    assert tmp_path not in Path(os.environ["TORCHINDUCTOR_CACHE_DIR"]).parents


TRAINING = """
import hashlib, sys
from pathlib import Path
import torch
from tiny import SMALL, build, leaves, loop_of, row_of
from taxon.operators.observations import Array
from taxon.runtime.device.compiled import Compiling
from taxon.runtime.device.packs import Packs

folder = Path(sys.argv[1])
folder.mkdir()
built = build(row_of("sac", *SMALL), folder)
agent = built.Agent(Array((3,)), 2)
packs = Packs("tiny", print) if sys.argv[2] == "packed" else None
compiling = Compiling(agent.phases, built.DATA, 1000, "on", print, packs=packs)
loop = loop_of(built, [0, 1], 1000, agent, None, compiling.prepare)
for _ in range(60):
    loop.step()
digest = hashlib.sha256(b"".join(leaf.numpy().tobytes() for leaf in leaves(loop.state))).hexdigest()
dynamo = sys.modules.get("torch._dynamo.utils")
hits = "untraced" if dynamo is None else dynamo.counters["inductor"]["fxgraph_cache_hit"]
print(compiling.compiled, hits, digest)
"""


@pytest.mark.slow
def test_the_cache_serves_the_next_run_and_gives_the_same_bits(tmp_path: Path) -> None:
    """Also in another run's folder; also compiled anew in another cache; also after a compilation that was killed.

    And what is packed serves without torch's compiler.
    """

    def train(run: str, cache: str, packed: str = "") -> tuple[str, str, str]:
        environment = os.environ | {
            "XDG_CACHE_HOME": str(tmp_path / cache),
            "PYTHONPATH": os.pathsep.join([str(TESTS.parent), str(TESTS / "compiler"), str(TESTS)]),
            "OMP_NUM_THREADS": "1",
        }
        environment.pop("TORCHINDUCTOR_CACHE_DIR", None)
        command = [sys.executable, "-c", TRAINING, str(tmp_path / run), packed]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        compiled, hits, digest = done.stdout.splitlines()[-1].rsplit(" ", 2)
        return compiled, hits, digest

    first = train("first", "one")
    assert first[:2] == ("['update', 'act']", "0")
    assert train("second", "one") == ("['update', 'act']", "2", first[2])
    assert train("third", "other") == first
    assert train("packing", "other", "packed") == ("['update', 'act']", "2", first[2])
    assert train("packed", "other", "packed") == ("['update', 'act']", "untraced", first[2])
    folder = tmp_path / "one" / "taxon" / "compiled"
    for library in folder.rglob("*.so"):
        library.write_bytes(library.read_bytes()[:100])
    (folder / "compiling-0").touch()  # what a killed process leaves
    assert train("fourth", "one") == first


def test_a_cache_is_emptied_only_where_a_compilation_was_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "taxon" / "compiled"
    folder.mkdir(parents=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "")  # put back at the end

    def kept() -> bool:
        (folder / "library").mkdir(exist_ok=True)
        monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR")
        use_cache()
        return (folder / "library").exists()

    assert kept()
    dead, living = folder / "compiling-dead", folder / "compiling-living"
    with living.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert kept()
        dead.touch()
        assert kept()
    assert not kept()
    assert list(folder.iterdir()) == []
