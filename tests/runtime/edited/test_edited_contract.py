"""An edited module is held to its contract before it trains: what is wrong is one line with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from taxon.compiler import emit
from taxon.runtime.edited.blame import blamed
from taxon.runtime.edited.edit import Edit, changed_lines, digest
from taxon.runtime.edited.trial import check_module
from taxon.runtime.environments.environment import make
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import module
from taxon.semantics import load_spec

CPU = torch.device("cpu")


def check(source: str, folder: Path, environment: str = "Pendulum-v1") -> None:
    """As a run does it before it begins."""
    path = folder / "mine.py"
    path.write_text(source)
    edit = Edit(str(path))
    like = make(Recipe(environment), 0)
    with blamed(edit, path):
        check_module("mine.py", path, module.execute(source, path), like, CPU)


def edited(source: str, *changes: tuple[str, str]) -> str:
    for before, after in changes:
        assert before in source, before
        source = source.replace(before, after)
    return source


# Each kind of data, policy, prior and phase once: single steps, windows, whole episodes, rollouts, restarts, a memory,
# a delayed policy, columns beside the action, choices.
@pytest.mark.parametrize(
    ("spec", "environment"),
    [
        ("sac", "Pendulum-v1"),
        ("td3", "Pendulum-v1"),
        ("power", "Pendulum-v1"),
        ("mpo", "Pendulum-v1"),
        ("awr", "Pendulum-v1"),
        ("mpo_categorical", "Pendulum-v1"),
        ("ppo", "Pendulum-v1"),
        ("reps", "Pendulum-v1"),
        ("ppo --set pi_theta=softmax(logits(s))", "CartPole-v1"),
    ],
)
def test_what_is_emitted_holds_to_the_contract(spec: str, environment: str, tmp_path: Path) -> None:
    name, _, choice = spec.partition(" --set ")
    row = load_spec(name, [choice] if choice else []).row
    assert row is not None
    check(emit(row), tmp_path, environment)


def line(source: str, text: str) -> int:
    return 1 + source[: source.index(text)].count("\n")


BROKEN = {
    "no data": (("DATA = Replay", "data = Replay"), "mine.py: the module has no DATA"),
    "no agent": (("class Agent:", "class Agents:"), "mine.py: the module has no Agent"),
    "no capacity": (("capacity=200", "capacity=2e2"), "DATA.capacity is 200.0, and must be a whole number from 1 on"),
    "no flag": (("random_warmup=True", "random_warmup=1"), "DATA.random_warmup is 1, and must be True or False"),
    "other data": (("DATA = Replay", "DATA = dict"), "DATA is of the type dict, and must be a Replay or a Rollouts"),
    "a method less": (("def act_mean", "def act_best"), r"Agent has no method act_mean\(state, memory, observation\)"),
    "an argument more": (
        ("def act(self, state, memory, observation, noise)", "def act(self, state, memory, observation, noise, k)"),
        r"Agent.act\(self, state, memory, observation, noise, k\) must take \(state, memory, observation, noise\)",
    ),
    "not discrete": (("    discrete = False\n", "    discrete = 0\n"), "Agent.discrete must be True"),
    "no phases": (("self.phases = (Phase(", "self.phases = list; (("), "Agent.phases must be a tuple"),
    "no updates": (('Phase("update", 1,', 'Phase("update", 0,'), "updates of the phase update is 0"),
    "a strange phase": (('Phase("update"', 'Phase("up date"'), "a phase is called 'up date'"),
    "no such column": (
        ("    terminated: Tensor\n\n\nclass Agent", "    terminated: Tensor\n    advantage: Tensor\n\n\nclass Agent"),
        "the batch of the phase update has advantage, which is no column of the data",
    ),
    "a column that is not acted": (
        ("self.columns = action, {}", "self.columns = action, {'log_prob': ()}"),
        r"what is acted must be a dictionary of action, log_prob, and is \['action'\]",
    ),
    "no seeds": (
        ("return State(trained(policy)", "return State(trained(policy[0])"),
        r"State.policy.params has the shape \[\d+\], and must lead with \[S\] = \[2\]",
    ),
    "a number in the state": (
        ("trained(critic), zero, zero)", "trained(critic), zero, 0)"),
        "State.updates is of the type int, and must be a tensor",
    ),
    "not finite at first": (
        ("zero = torch.zeros(len(generators))", "zero = torch.full((len(generators),), torch.nan)"),
        "Agent.init gives State.seen, which is not finite",
    ),
    "another shape": (
        (
            "return memory, torch.tanh(self.policy.apply(state.policy.params, observation))",
            "return memory, self.policy.apply(state.policy.params, observation).sum(-1)",
        ),
        r"action has the shape \[2, 1\], and must lead with \[S, N, ...\] = \[2, 1, 1\]",
    ),
    "one thing": (
        (
            "return memory, torch.tanh(self.policy.apply(state.policy.params, observation))",
            "return torch.tanh(self.policy.apply(state.policy.params, observation))",
        ),
        "act_mean must return two things, and gives one of the type Tensor",
    ),
    "another type": (
        ('return {"action": 2 * uniform - 1}', 'return {"action": (2 * uniform - 1).double()}'),
        r"action is of torch.float64 and the shape \[2, 1, 1\]",
    ),
    "the state's type changes": (
        (
            "return State(policy, critic, state.seen, updates), metrics",
            "return State(policy, critic, state.seen, updates.long()), metrics",
        ),
        "State.updates is of torch.int64, and was of torch.float32",
    ),
    "the state's shape changes": (
        (
            "return State(policy, critic, state.seen, updates), metrics",
            "return State(policy, critic, state.seen, updates[:, None]), metrics",
        ),
        r"State.updates has the shape \[2, 1\], and had \[2\]",
    ),
    "in place": (
        ("updates = state.updates + 1", "updates = state.updates.add_(1)"),
        "an update changes the state that it is given, in place",
    ),
    "a metric of nobody": (
        ('"value_loss": loss,', '"value_loss": loss.mean(),'),
        r"the metric value_loss has the shape \[\], and must lead with \[S\] = \[2\]",
    ),
    "a metric that is a number": (
        ('"value_loss": loss,', '"value_loss": 1.0,'),
        "the metric value_loss is of the type float",
    ),
    "a metric's name": (
        ('"value_loss": loss,', '"seed": loss,'),
        "a metric is called 'seed', which is no name for one",
    ),
    "a gradient's graph": (
        ("metrics = {", "critic = critic._replace(params=critic.params.clone().requires_grad_()); metrics = {"),
        "State.critic.params keeps the graph of its gradient",
    ),
    "a seed sees the others": (
        (
            "return -self.q(critic.params, batch.observation, action).mean(-1).sum()",
            "return (-self.q(critic.params, batch.observation, action).mean(-1)).square().sum().sqrt()",
        ),
        "seeds are mixed: State.policy",
    ),
    "a mean over seeds": (
        ("return loss.sum(), loss.detach()", "return loss.mean(), loss.detach()"),
        "seeds are mixed: State.critic.moments",
    ),
    "draws of its own": (
        ("updates = state.updates + 1", "updates = state.updates + 1 + 0 * torch.randn(1)"),
        "the module draws from torch's own generator",
    ),
    "an exception": (
        ("updates = state.updates + 1", "updates = state.update + 1"),
        "mine.py:{updates = state.update + 1}: AttributeError: 'State' object has no attribute 'update'",
    ),
    "a word that is no name": (
        ("class State(NamedTuple)", "klass State(NamedTuple)"),
        "mine.py:{klass State}: SyntaxError: invalid syntax",
    ),
    "a module that ends": (
        ("class State(NamedTuple)", "raise SystemExit(3)\n\n\nclass State(NamedTuple)"),
        "mine.py:{raise SystemExit}: SystemExit: 3",
    ),
    "an import": (
        ("import torch\n", "import torch\nimport no_such_package\n"),
        "mine.py:{import no_such_package}: ModuleNotFoundError: No module named 'no_such_package'",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_one_line(name: str, toy_source: str, tmp_path: Path) -> None:
    change, message = BROKEN[name]
    source = edited(toy_source, change)
    if "{" in message:
        before, _, rest = message.partition("{")
        text, _, after = rest.partition("}")
        message = f"{before}{line(source, text)}{after}"
    with pytest.raises(UserError, match=message) as caught:
        check(source, tmp_path)
    assert "\n" not in caught.value.message + caught.value.help


def test_what_is_not_finite_in_made_up_data_is_the_runs_to_say(toy_source: str, tmp_path: Path) -> None:
    check(edited(toy_source, ('"value_loss": loss,', '"value_loss": loss / 0,')), tmp_path)


def test_a_message_names_the_line_of_the_function(toy_source: str, tmp_path: Path) -> None:
    source = edited(toy_source, ("return memory, torch.tanh(", "return torch.tanh("))
    with pytest.raises(UserError, match=f"^mine.py:{line(source, 'def act_mean')}: act_mean must return two things"):
        check(source, tmp_path)


def test_what_stands_alone_is_told_apart(tmp_path: Path) -> None:
    from taxon.compiler import standalone

    row = load_spec("sac").row
    assert row is not None
    with pytest.raises(UserError, match="DATA is of the type Replay, and must be") as caught:
        check(standalone(emit(row)), tmp_path)
    assert "emit it without --standalone" in caught.value.help


def test_lines_that_changed() -> None:
    before = "a\nb\nc\nd\n"
    assert changed_lines(before, before) == (0, 0)
    assert changed_lines(before, "a\nB\nc\nd\ne\n") == (2, 1)
    assert changed_lines(before, "++a\nb\n--c\nd\n") == (2, 2)


def test_what_a_run_keeps_of_an_edit() -> None:
    record = Edit("mine.py", "sac", "a\nb\n").record("a\nc\n")
    assert (record.spec, record.added, record.removed) == ("sac", 1, 1)
    assert record.module == digest("a\nc\n") != record.emitted == digest("a\nb\n")
    assert str(record) == "mine.py, edited from sac (+1 -1 lines)"
    assert str(Edit("mi\x1bne.py").record("a")) == "mi\N{REPLACEMENT CHARACTER}ne.py, whose spec was not named"
