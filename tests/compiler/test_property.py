"""Every row that is accepted compiles, trains, and moves what its program says and nothing else."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_rows import row_in, specs
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from tiny import SMALL, build, leaf_of, leaves, lint, loop_of, row_of, same

from taxon.compiler import emit
from taxon.compiler.assemble import Program, assemble
from taxon.compiler.library import PACKAGES, Source, package_files, read
from taxon.operators.observations import Array
from taxon.semantics import load_spec
from taxon.taxonomy.axes import facts
from taxon.taxonomy.schema import Leaf, Row

QUIET = settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    # a failing spec is small already, and each try costs a tenth of a second
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
DRAWN = settings(QUIET, max_examples=60)  # rows that are emitted and not trained
RARE = settings(QUIET, max_examples=1000)


def fields(program: Program) -> set[str]:
    return {field.name for field in program.fields}


def moves(program: Program) -> tuple[str, ...]:
    """The state fields that training moves; the rest follows them, or counts."""
    multipliers = [block.writes[0] for block in program.choices.blocks if block.part == "multipliers"]
    return ("policy", *(name for name in ("critic", "prior", "beta") if name in fields(program)), *multipliers)


def constant(program: Program, name: str) -> float:
    """The number of a name at the top of the module."""
    return float(program.choices.constants[name][0])


class Watched:
    """An agent whose every step and update is checked against its program."""

    def __init__(self, agent: Any, program: Program) -> None:
        self.agent, self.program = agent, program
        self.solved = facts.solved(program.choices.row)
        self.phases = tuple(self._watched(phase) for phase in agent.phases)
        self.moved: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.agent, name)

    def act(self, state: Any, memory: Any, observation: Any, noise: Any) -> Any:
        """Acting has no memory but the exploration's process, which an episode begins at its noise alone."""
        after, taken = self.agent.act(state, memory, observation, noise)
        assert taken["action"].shape == (*noise.shape[:2], self.agent.actions)
        assert taken.keys() == {"action", *self.agent.columns}
        if not self.program.choices.memory:
            assert after == ()
            return after, taken
        sigma = constant(self.program, "EXPLORATION_SIGMA")
        new = memory.exploration == 0
        torch.testing.assert_close(after.exploration.where(new, 0.0), (sigma * noise).where(new, 0.0))
        return after, taken

    def _watched(self, phase: Any) -> Any:
        update = self._checked(phase.name, phase.update, late=phase.between is not None)
        between = phase.between and self._checked("between", phase.between, late=False)
        assert (phase.every > 1) == (between is not None)
        return phase._replace(update=update, between=between)

    def _checked(self, name: str, update: Any, late: bool) -> Any:
        def checked(state: Any, batch: Any, noise: Any) -> Any:
            after, metrics = update(state, batch, noise)
            self._check(name, state, after, late)
            # Weights that are all 0 fit no parameters: such a seed is frozen, as the operators' docstrings say.
            assume(not (self.solved and metrics.get("policy_loss", torch.zeros(())).isnan().any()))
            assert all(torch.isfinite(metric).all() for metric in metrics.values()), metrics
            assert all(metric.shape == (2,) for metric in metrics.values())
            return after, metrics

        return checked

    def _check(self, phase: str, before: Any, after: Any, late: bool) -> None:
        own = tuple(name for name in moves(self.program) if name not in ("critic", "beta"))
        counters, trained, lagging = {
            "update": (("updates",), (*own, "critic"), ("policy", "critic", "prior")),
            "between": (("updates",), ("critic",), ()),
            "value": (("value_updates",), ("critic",), ("critic",)),
            "policy": (("policy_updates",), own, ("policy", "prior")),
            "penalty": ((), ("eta",), ()),
            "transform": ((), ("beta",), ()),
        }[phase]
        counters = (*counters, *(["policy_updates"] if late else []))
        for counter in counters:
            assert torch.equal(getattr(after, counter), getattr(before, counter) + 1)
        lagged = {name for name in lagging if hasattr(getattr(before, name, None), "target")}
        for name in lagged:
            self._check_lagged(name, before, after, int(getattr(after, counters[-1])[0]))
        stepped = {f"{name}.{what}" for name in trained for what in ("params", "moments")}
        assert changed(before, after) <= {*counters, *trained, *stepped, *(f"{name}.target" for name in lagged)}
        for name in set(trained) & set(before._fields):
            if all(not torch.equal(a, b) for a, b in zip(leaf_of(before, name), leaf_of(after, name), strict=True)):
                self.moved.add(name)

    def _check_lagged(self, name: str, before: Any, after: Any, updates: int) -> None:
        online, old, new = leaf_of(after, name), leaf_of(before, f"{name}.target"), leaf_of(after, f"{name}.target")
        if "TAU" in self.program.choices.constants:
            tau = constant(self.program, "TAU")
            torch.testing.assert_close(new, (1 - tau) * old + tau * online, rtol=1e-5, atol=1e-6)
        else:
            assert torch.equal(new, online if updates % int(constant(self.program, "COPY_EVERY")) == 0 else old)


def changed(before: Any, after: Any) -> set[str]:
    """What of a state an update has changed: fields, and of those that are trained their parts."""
    found = set()
    for field in before._fields:
        one, other = getattr(before, field), getattr(after, field)
        parts = {f"{field}.{name}": name for name in one._fields} if hasattr(one, "params") else {}
        found |= {at for at, name in parts.items() if not same(getattr(one, name), getattr(other, name))}
        found |= {field} if not parts and not same(one, other) else set()
    return found


def trains(row: Row, folder: Path) -> None:
    """Train two seeds until every phase ran twice, and longer where a rectifier lets no gradient pass at first."""
    torch.set_num_threads(1)
    program = assemble(row)
    built = build(row, folder)
    agent = built.Agent(Array((3,)), 3 if built.Agent.discrete else 2)
    watched = Watched(agent, program)
    loop = loop_of(built, (3, 4), 400, watched)
    first = loop.state
    # a line search may find no step that helps, and eta stays where the divergence meets its target
    constants = program.choices.constants
    must = set(moves(program)) - ({"policy"} if "DELTA" in constants else set())
    if "BETA_START" in constants and constant(program, "BETA_START") >= constant(program, "BETA_LIMIT"):
        must -= {"beta"}  # it begins at its limit
    every = max(phase.every for phase in agent.phases)
    while min(loop.updates.values()) < 2 * every or not (must <= watched.moved or loop.steps > 120):
        loop.step()
        assert loop.steps < 240, "no update was made"
    assert loop.frozen() == {}
    assert all(torch.isfinite(leaf).all() for leaf in leaves(loop.state))
    assert must <= watched.moved <= {*moves(program), *({"eta"} & fields(program))}
    if "statistics" in fields(program):
        until = int(constant(program, "INPUT_UNTIL"))
        seen = loop.state.statistics.seen.tolist()
        if type(built.DATA).__name__ == "Rollouts":
            assert all(min(n, until) <= shown <= n for n, shown in zip(loop.environment_steps, seen, strict=True))
        else:
            most = min(loop.steps, until + built.DATA.environments - 1)  # those of a step enter together
            assert all(min(loop.steps, until) <= shown <= most for shown in seen)
    assert not same(first, loop.state)


@QUIET
@given(data=st.data())
def test_accepted_rows_train(data: st.DataObject, tmp_path: Path) -> None:
    file = tmp_path / "drawn.tx"
    trains(row_in(data.draw(specs(file)), file), tmp_path)


@pytest.mark.slow
@RARE
@given(data=st.data())
def test_many_accepted_rows_train(data: st.DataObject, tmp_path: Path) -> None:
    file = tmp_path / "drawn.tx"
    trains(row_in(data.draw(specs(file)), file), tmp_path)


class Recording(Mapping[str, Leaf]):
    """Leaves that remember which of them were read."""

    def __init__(self, leaves: Mapping[str, Leaf]) -> None:
        self.leaves, self.read = leaves, set[str]()

    def __getitem__(self, path: str) -> Leaf:
        if path in self.leaves:
            self.read.add(path)
        return self.leaves[path]

    def __contains__(self, path: object) -> bool:
        return path in self.leaves

    def __iter__(self) -> Iterator[str]:
        return iter(self.leaves)

    def __len__(self) -> int:
        return len(self.leaves)


def unread(row: Row) -> set[str]:
    """The leaves with more than one possible value that a program is made without."""
    recording = Recording(row.leaves)
    assemble(Row(row.name, row.doc, recording))
    open_ = {path for path, leaf in row.leaves.items() if leaf.slot.number or leaf.slot.integers or leaf.slot.boolean}
    open_ |= {path for path, leaf in row.leaves.items() if len(leaf.slot.choices) > 1}
    return open_ - recording.read


# What pi_q is leaves one possible pi_p (the others mean nothing: TX303, TX304).
IMPLIED = {"pi_p"}


def test_no_choice_is_ignored_and_no_name_is_left_over(tmp_path: Path) -> None:
    """And no name of the library is given another meaning: the script around a module keeps each once."""
    modules, file = tmp_path / "modules", tmp_path / "drawn.tx"
    modules.mkdir()
    folders = (*PACKAGES, "runtime")
    library = {
        name for folder in folders for path in package_files(folder) for name in read(f"{folder}/{path}").definitions()
    }

    @DRAWN
    @given(data=st.data())
    def every_row(data: st.DataObject) -> None:
        row = row_in(data.draw(specs(file)), file)
        assert unread(row) <= IMPLIED
        text = emit(row)
        assert set(Source("", ast.parse(text), text).definitions()) & library <= {"Agent"}
        (modules / f"module_{hashlib.sha256(text.encode()).hexdigest()[:12]}.py").write_text(text, encoding="utf-8")

    every_row()
    assert len(list(modules.iterdir())) > 20
    assert lint(modules, "E,F,W,I,UP,B,RUF") == []


OTHERS = {
    int: lambda value: [str(value + 1), str(max(1, value - 1))],
    float: lambda value: [f"{0.5 * value + 0.1:g}"],
    bool: lambda value: [str(not value).lower()],
    tuple: lambda value: ["[7]"],
}


def changes(path: str, leaf: Leaf) -> list[str]:
    """Other values for a leaf, some of which may be refused."""
    slot = leaf.slot
    bare = [choice.key for choice in slot.bases if not any(part.default is None for part in choice.parameters)]
    if type(leaf.value) in OTHERS:
        return [*OTHERS[type(leaf.value)](leaf.value), *bare]  # type: ignore[operator]
    whole = [key for key in bare if key != leaf.value.base]  # type: ignore[union-attr]
    kept = leaf.value.modifiers  # type: ignore[union-attr]
    base = leaf.value.base  # type: ignore[union-attr]
    for modifier in slot.modifiers:
        others = [key for key in kept if key != modifier.key]
        whole.append(" + ".join([base, *others, *([] if modifier.key in kept else [modifier.key])]))
    return whole


@pytest.mark.parametrize(
    "spec",
    [
        *("mpo", "mpo_joint", "mpo_net_awr", "awr", "awac", "sac", "sac_notanh"),
        *("ppo", "ppo_clip", "trpo", "vmpo", "td3", "ddpg", "power", "reps", "rwr", "urex"),
        *("mpo_parametric", "sac_forward_kl", "sac_reverse_kl"),
    ],
)
def test_every_leaf_shows_in_the_module(spec: str) -> None:
    """Whatever leaf is changed, if the row is accepted another program is emitted."""
    row = row_of(spec)
    program = emit(row).split('"""', 2)[2]
    silent = set()
    for path, leaf in row.leaves.items():
        for value in changes(path, leaf):
            other = load_spec(spec, [f"{path} = {value}"]).row
            if other is not None and other != row and emit(other).split('"""', 2)[2] == program:
                silent.add(f"{path} = {value}")
    assert silent == set()


REPLAYED = (*SMALL, "data.steps_per_update = 1")
ROUND = ("data.environments = 4", "data.steps = 6")
BATCHES = ("network.hidden = [8, 6]", "data.batch = 8", "data.policy_epochs = 2", *ROUND)
SHIPPED = {
    "mpo": (*REPLAYED, "data.sequences.length = 4"),
    "awr": (*REPLAYED, "data.episodes.value_updates = 3", "data.episodes.policy_updates = 3"),
    "sac_notanh": REPLAYED,
    "awac": REPLAYED,
    "ddpg": REPLAYED,
    "td3": REPLAYED,
    "ppo": (*BATCHES, "data.value_epochs = 2"),
    "ppo_clip": (*BATCHES, "data.value_epochs = 2"),
    "vmpo": (*BATCHES, "data.value_epochs = 2"),
    "trpo": (*ROUND, "network.hidden = [8, 6]", "data.batch = 8", "data.value_epochs = 2"),
    "trpo_gae": (*ROUND, "network.hidden = [8, 6]", "data.batch = 8", "data.value_epochs = 2"),
    "rwr": BATCHES,
    "rwr_return": BATCHES,
    "power": ROUND,
    "reps": ("data.environments = 4", "data.steps = 6"),
    "urex": (*ROUND, "data.restarts.group = 2"),
}
EITHER = ("ppo", "ppo_clip", "vmpo", "trpo", "trpo_gae", "reps", "urex")


@pytest.mark.parametrize(
    ("spec", "actions"), [(spec, "continuous") for spec in SHIPPED] + [(spec, "discrete") for spec in EITHER]
)
def test_shipped_rows_train(spec: str, actions: str, tmp_path: Path) -> None:
    trains(row_of(spec, *SHIPPED[spec], actions=actions), tmp_path)


@pytest.mark.parametrize(("data", "counted"), [("updates = 1", 5.0), ("updates = 2", 2.5)])
def test_a_schedule_runs_in_environment_steps(data: str, counted: float, tmp_path: Path) -> None:
    """The rate of an update is that of the step at which it runs, the first one at the end of the warm-up."""
    lr = "optimizer.value = sgd(lr = linear(0.1, 0, over = 100))"
    built = build(row_of("sac", *SMALL, lr, "data.steps_per_update = 5", f"data.{data}"), tmp_path)
    agent = built.Agent(Array((3,)), 2)
    rates: list[float] = []

    def seen(state: Any, batch: Any, noise: Any) -> Any:
        after, metrics = agent.phases[0].update(state, batch, noise)
        velocity = after.critic.moments[0]
        step = (state.critic.params - after.critic.params) / velocity
        rates.append(step[velocity.abs() > 1e-2].median().item())
        return after, metrics

    watched = Watched(agent, assemble(row_of("sac")))
    watched.phases = (agent.phases[0]._replace(update=seen),)
    loop = loop_of(built, (3, 4), 400, watched)
    while loop.steps < 36:
        loop.step()
    assert rates == pytest.approx([0.1 * (1 - (20 + counted * k) / 100) for k in range(len(rates))], abs=1e-4)
    assert len(rates) >= 4
