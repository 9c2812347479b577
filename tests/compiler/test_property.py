"""Every row that is accepted compiles, trains, and moves what its plan says and nothing else."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from drawn_rows import row_in, specs
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tiny import SMALL, build, leaves, lint, loop_of, row_of, same

from taxon.compiler import emit
from taxon.compiler.library import PACKAGES, Source, package_files, read
from taxon.compiler.plan import Plan, make_plan
from taxon.semantics import load_spec
from taxon.taxonomy.row import Leaf, Row

QUIET = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    database=None,
    # a failing spec is small already, and each try costs a tenth of a second
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.function_scoped_fixture],
)
RARE = settings(QUIET, max_examples=1000)


def moves(plan: Plan) -> tuple[str, ...]:
    """The state fields that an update moves by a gradient."""
    return ("policy", "critic", *(dual.name for dual in plan.duals))


class Watched:
    """An agent whose every update is checked against its plan."""

    def __init__(self, agent: Any, plan: Plan) -> None:
        self.agent, self.plan = agent, plan
        self.phases = tuple(phase._replace(update=self._checked(phase.name, phase.update)) for phase in agent.phases)
        self.moved: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.agent, name)

    def _checked(self, name: str, update: Any) -> Any:
        def checked(state: Any, batch: Any, noise: Any) -> Any:
            after, metrics = update(state, batch, noise)
            self._check(name, state, after)
            assert all(torch.isfinite(metric).all() for metric in metrics.values()), metrics
            assert all(metric.shape == (2,) for metric in metrics.values())
            return after, metrics

        return checked

    def _check(self, phase: str, before: Any, after: Any) -> None:
        plan = self.plan
        moving = moves(plan)
        counter = {"update": "updates", "value": "value_updates", "policy": "policy_updates"}[phase]
        trained = {
            "update": moving,
            "value": ("critic",),
            "policy": tuple(name for name in moving if name != "critic"),
        }[phase]
        assert torch.equal(getattr(after, counter), getattr(before, counter) + 1)
        lagged = {name for name in ("policy", "critic") if name in trained and hasattr(before, f"{name}_target")}
        assert lagged <= {*(["policy"] if plan.lagged_policy else []), *(["critic"] if plan.lagged_critic else [])}
        for name in lagged:
            self._check_lagged(name, before, after, int(getattr(after, counter)[0]))
        followers = {f"{name}_moments" for name in trained} | {f"{name}_velocity" for name in trained}
        may_change = {counter, *trained, *followers, *(f"{name}_target" for name in lagged)}
        for field in before._fields:
            if field not in may_change:
                assert same(getattr(before, field), getattr(after, field)), f"{field} changed in {phase}"
        for name in trained:
            if all(not torch.equal(a, b) for a, b in zip(getattr(before, name), getattr(after, name), strict=True)):
                self.moved.add(name)

    def _check_lagged(self, name: str, before: Any, after: Any, updates: int) -> None:
        online, old, new = getattr(after, name), getattr(before, f"{name}_target"), getattr(after, f"{name}_target")
        constants = self.plan.constants
        if "TAU" in constants:
            tau = float(constants["TAU"][0])
            torch.testing.assert_close(new, (1 - tau) * old + tau * online, rtol=1e-5, atol=1e-6)
        else:
            assert torch.equal(new, online if updates % int(constants["COPY_EVERY"][0]) == 0 else old)


def trains(row: Row, folder: Path) -> None:
    """Train two seeds until every phase ran twice."""
    torch.set_num_threads(1)
    plan = make_plan(row)
    built = build(row, folder)
    watched = Watched(built.Agent(3, 2), plan)
    loop = loop_of(built, (3, 4), 400, watched)
    first = loop.state
    while min(loop.updates.values()) < 2:
        loop.step()
        assert loop.steps < 60, "no update was made"
    assert loop.frozen() == {}
    assert all(torch.isfinite(leaf).all() for leaf in leaves(loop.state))
    assert watched.moved == set(moves(plan))
    if plan.normalised:
        until = int(plan.constants["INPUT_UNTIL"][0])
        assert loop.state.statistics.seen.tolist() == [min(loop.steps, until)] * 2
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
    """The leaves with more than one possible value that a plan is made without."""
    recording = Recording(row.leaves)
    make_plan(Row(row.name, row.doc, recording))
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

    @QUIET
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


@pytest.mark.parametrize("spec", ["mpo", "mpo_joint", "mpo_net_awr", "awr", "awac", "sac", "sac_notanh"])
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


@pytest.mark.parametrize("spec", ["mpo", "awr", "sac_notanh", "awac"])
def test_shipped_rows_train(spec: str, tmp_path: Path) -> None:
    extra = [] if spec != "mpo" else ["data.sequences.length = 4"]
    extra += ["data.episodes.value_updates = 3", "data.episodes.policy_updates = 3"] if spec == "awr" else []
    trains(row_of(spec, *SMALL, "data.steps_per_update = 1", *extra), tmp_path)


@pytest.mark.parametrize(("data", "counted"), [("updates = 1", 5.0), ("updates = 2", 2.5)])
def test_a_schedule_runs_in_environment_steps(data: str, counted: float, tmp_path: Path) -> None:
    """The rate of an update is that of the step at which it runs, the first one at the end of the warm-up."""
    lr = "optimizer.value = sgd(lr = linear(0.1, 0, over = 100))"
    built = build(row_of("sac", *SMALL, lr, "data.steps_per_update = 5", f"data.{data}"), tmp_path)
    agent = built.Agent(3, 2)
    rates: list[float] = []

    def seen(state: Any, batch: Any, noise: Any) -> Any:
        after, metrics = agent.phases[0].update(state, batch, noise)
        step = (state.critic - after.critic) / after.critic_velocity
        rates.append(step[after.critic_velocity.abs() > 1e-2].median().item())
        return after, metrics

    watched = Watched(agent, make_plan(row_of("sac")))
    watched.phases = (agent.phases[0]._replace(update=seen),)
    loop = loop_of(built, (3, 4), 400, watched)
    while loop.steps < 36:
        loop.step()
    assert rates == pytest.approx([0.1 * (1 - (20 + counted * k) / 100) for k in range(len(rates))], abs=1e-4)
    assert len(rates) >= 4
