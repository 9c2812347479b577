"""Schedules: which parts of an algorithm stand in which function of the module, and when each runs."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler.block import ContractError
from taxon.compiler.blocks.critic import critic
from taxon.compiler.blocks.data import data, delay, whole
from taxon.compiler.blocks.estimate import estimate
from taxon.compiler.blocks.network import input_
from taxon.compiler.blocks.policy import family
from taxon.compiler.choices import Choices
from taxon.compiler.function import Function

_STEP = ") -> tuple[State, dict[str, Tensor]]:"
_COLUMNS = "self, state: State, episodes: Episodes, generators: Sequence[torch.Generator]) -> dict[str, Tensor]:"
_FLATTEN = "batch = Batch(*(column.flatten(1, 2) for column in batch))  # [S, B, T, ...] -> [S, B T, ...]"


@dataclass(frozen=True)
class Phase:
    name: str
    updates: str
    batch: str
    refresh: str
    update: str
    whole: bool = False
    more: str = ""


@dataclass(frozen=True)
class Schedule:
    functions: tuple[Function, ...]
    phases: tuple[Phase, ...]
    noise: str  # the method that draws the noise of an update
    doc: str  # of that noise


def schedule(c: Choices) -> Schedule:
    """Both orders of an update: on one minibatch, or in turn on columns of all data."""
    return _phased(c) if c.take(data).phased else _joint(c)


def acting(c: Choices) -> tuple[Function, ...]:
    """What the runtime calls between updates."""
    made, finite = c.take(family), bool(c.take(family).log_all)
    hot = ", one-hot" if finite else ""
    what = "Draws of pi_theta" if made.sample else "Actions of pi_theta, and noise"
    added = "".join(f", {each.column.name} [{each.column.axes('S, N')}]" for each in c.stored)
    axes = ", ".join(made.noise_axes).replace("self.actions", "A")
    doc = f"{what}: observation [S, N, O], noise [S, N, {axes}] -> action [S, N, A]{hot}{added}."
    state = "self, state: State, observation: Tensor"
    learns = any(block.part == "observe" for block in c.blocks)
    observed = ", enter the running statistics" if learns else ": nothing to learn from them"
    evaluates = f"The {made.evaluated}, for evaluation: [S, N, O] -> [S, N, A]{hot}."
    given = {"seen_raw": "observation"}
    columns = "".join(f', "{each.column.name}": {each.code}' for each in c.stored)
    acts = f'return {{memory}}, {{"action": action{columns}}}'
    remembers = "self, state: State, memory: Memory, observation: Tensor"
    changed = "return state._replace(statistics=statistics)" if learns else "return state"
    return (
        Function(
            "observe",
            f"{state}) -> State:",
            f"New raw observations, [S, n, O]{observed}.",
            ("observe",),
            given=given,
            returns=changed,
        ),
        Function(
            "normalise",
            f"{state}) -> Tensor:",
            "Observations in units of their running statistics: [S, ..., O] -> [S, ..., O].",
            ("normalise",),
            given=given,
            returns="-",
        ),
        Function(
            "act",
            f"{remembers}, noise: Tensor) -> tuple[Memory, dict[str, Tensor]]:",
            doc,
            ("act", "density"),
            given=given,
            returns=acts,
        ),
        Function(
            "act_mean",
            f"{remembers}) -> tuple[Memory, Tensor]:",
            evaluates,
            ("act_mean",),
            given=given,
            returns="return {memory}, action",
        ),
    )


def critics(c: Choices) -> tuple[Function, ...]:
    """What evaluates the critic."""
    found, finite = c.take(critic), bool(c.take(family).log_all)
    smaller = ", the smaller of two" if found.members > 1 else ""
    given = {name: name for name in ("critic", "observation", "action")}
    inputs = "self, critic: Tensor, observation: Tensor"
    action = "one-hot [S, B, A] -> [S, B]" if finite else "[S, ..., B, A] -> [S, ..., B]"
    return (
        Function(
            "q_all",
            f"{inputs}) -> Tensor:",
            f"Q(s, .){smaller}: [S, E, P], [S, B, O] -> [S, B, A].",
            ("q_all",),
            given=given,
            returns="-",
        ),
        Function(
            "q",
            f"{inputs}, action: Tensor) -> Tensor:",
            f"Q(s, a){smaller}: [S, E, P], [S, B, O], {action}.",
            ("q",),
            given=given,
            returns="-",
        ),
        Function("v", f"{inputs}) -> Tensor:", "V(s): [S, P], [S, B, O] -> [S, B].", ("v",), given=given, returns="-"),
    )


def _steps(c: Choices, name: str) -> tuple[str, ...]:
    """The parts with a role's step and those of the roles beside it."""
    return (name, *(role.name for role in c.roles.values() if role.beside == name))


def _lags(c: Choices, *names: str) -> tuple[str, ...]:
    """The parts with the lagged copies of these roles and of those that are updated with them."""
    return tuple(role.lag for name in names for role in c.roles.values() if role.place == name)


def _multiplied(c: Choices) -> bool:
    return any(block.part == "multipliers" for block in c.blocks)


def _joint(c: Choices) -> Schedule:
    """One minibatch for all parts; with a delay the policy's parts at every so many updates of the critic."""
    found, every = c.take(critic), c.take(delay)
    head = (_FLATTEN,) if c.take(data).windows else ()
    estimates, lags = ("estimate", "target"), _lags(c, "critic", "policy")
    lagged = any(block.part in lags for block in c.blocks)
    signature = "self, state: State, batch: Batch, noise: {noise}" + _STEP
    delayed = every > 1 and found.fitted
    parts = [*(_steps(c, "critic") if found.fitted else []), *_steps(c, "policy")]
    parts += [*(["multipliers"] if _multiplied(c) else []), *(["lagged copies"] if lagged else [])]
    words = f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]
    doc = f"One minibatch: {words}. Every metric is [S]."
    joint: tuple[str, ...] = (*estimates, *_steps(c, "critic")) if found.fitted else ()
    first: tuple[Function, ...] = ()
    if delayed:
        alone = "One minibatch of the critic alone. Every metric is [S]."
        first = (Function("update_critic", signature, alone, joint, "batch", "Batch", counter="updates", head=head),)
        again = found.network == "v"  # the policy reads the estimate that the critic has just followed
        joint = estimates if again else ()
        head = (
            *(["before = state"] if again else []),
            "state, metrics = self.update_critic(state, batch, noise)",
            *head,
        )
    counter = "policy_updates" if every > 1 else "updates"
    update = Function(
        "update",
        signature,
        doc,
        (*joint, *_steps(c, "policy"), "multipliers", *lags),
        "batch",
        "Batch",
        counter=counter,
        head=head,
        before=delayed,
        joins=delayed,
    )
    more = ", every=POLICY_EVERY, between=self.update_critic" if every > 1 else ""
    phase = Phase("update", c.take(data).named["joint"], "Batch", "None", "update", more=more)
    return Schedule((*first, update), (phase,), "noise", "The standard normal draws of one update")


def _phased(c: Choices) -> Schedule:
    """Targets and scores of all data first; then minibatches of the critic and of the policy, or one of all data."""
    found, of, made = c.take(critic), c.take(data), c.take(family)
    random = found.network == "q" and any(b.noise for b in c.blocks if b.part == "estimate")
    drawn, passed = (", generators: Sequence[torch.Generator]", ", generators") if random else ("", "")
    functions: list[Function] = []
    fitted = found.fitted
    pieces, head, given = _in_pieces(c, drawn, passed, random)
    functions += pieces
    if fitted and of.episodic:
        functions += _targets(c, drawn, head, given)
        line = f'return {{"target": self.targets(state, episodes{passed})}}'
        functions.append(
            Function(
                "refresh_value", _COLUMNS, "The targets of the critic's phase, fixed while it lasts.", returns=line
            )
        )
        head, given = (), {}
        if found.network == "v":  # the advantage is taken of the critic as its phase left it
            head, given = (f"target = self.targets(state, episodes{passed})",), {"target": "target"}
    if fitted:
        doc = "One minibatch of the critic. Every metric is [S]."
        signature = "self, state: State, batch: ValueBatch, noise: tuple[()]" + _STEP
        functions.append(
            Function(
                "update_value",
                signature,
                doc,
                (*_steps(c, "critic"), *_lags(c, "critic")),
                "batch",
                "ValueBatch",
                counter="value_updates",
            )
        )
    columns = Function(
        "refresh_policy",
        _COLUMNS,
        "What the updates read of every stored step.",
        ("columns",),
        "episodes",
        head=head,
        columns=True,
        given=given,
    )
    reads = any(b.part == "columns" and not b.anywhere for b in c.blocks) or _reads_columns(c)
    refreshed = bool(head) or reads
    if refreshed:
        functions.append(columns)
    alone = "All that was collected" if c.take(whole) else "One minibatch"
    doc = f"{alone}: the policy{' and its multipliers' if _multiplied(c) else ''}. Every metric is [S]."
    signature = "self, state: State, batch: PolicyBatch, noise: {noise}" + _STEP
    update = Function(
        "update_policy",
        signature,
        doc,
        (*_steps(c, "policy"), "multipliers", *_lags(c, "policy")),
        "batch",
        "PolicyBatch",
        c.take(whole),
        "policy_updates",
    )
    functions.append(update)
    policy = Phase(
        "policy",
        of.named["policy"],
        "PolicyBatch",
        "self.refresh_policy" if refreshed else "None",
        "update_policy",
        c.take(whole),
    )
    phases = [policy]
    for part, doc in _AFTER.items():
        if any(block.part == part for block in c.blocks):
            batch = f"{part.title()}Batch"
            signature = f"self, state: State, batch: {batch}, noise: tuple[()]{_STEP}"
            functions.append(Function(f"update_{part}", signature, doc, (part,), "batch", batch, True))
            phases.append(Phase(part, "1", batch, "None", f"update_{part}", True))
    if fitted:
        value = Phase(
            "value", of.named["value"], "ValueBatch", "None" if of.rollouts else "self.refresh_value", "update_value"
        )
        phases = [*phases, value] if of.rollouts else [value, *phases]
    if not made.parameters:
        raise ContractError("a distribution without parameters")
    return Schedule(
        tuple(functions), tuple(phases), "policy_noise", "The standard normal draws of one update of the policy"
    )


# Phases of one step each after a round, by their part.
_AFTER = {
    "penalty": "eta grows where the round moved the policy further than the target, and shrinks where it moved less.",
    "transform": "beta is the most likely one for the weights of this round.",
}


def _reads_columns(c: Choices) -> bool:
    """Whether a block reads what the policy that acted leaves as columns."""
    columns = {name for block in c.blocks if block.part == "columns" for name in block.writes}
    return any(block.reads & columns for block in c.blocks if block.part not in ("columns", "estimate"))


def _in_pieces(
    c: Choices, drawn: str, passed: str, random: bool
) -> tuple[list[Function], tuple[str, ...], dict[str, str]]:
    """What networks read of the stored steps where these are many, in pieces: the methods, the lines that call them,
    and the symbols that the lines define. On rollouts V reads all steps at once, as the policy does."""
    made, found, of = c.take(estimate), c.take(critic), c.take(data)
    if not found.fitted or (found.network == "v" and of.rollouts):
        return [], (), {}
    signature = f"self, state: State, batch: Episodes{drawn}) -> "
    if made.traced:
        doc = "V(s'), Q(s, a) and log pi(a|s) - log b(a|s) at a piece of the stored steps: each [S, n]."
        returns = "return next_value, q, log_ratio"
        kind, name = "tuple[Tensor, ...]:", "step_values"
        head: tuple[str, ...] = (
            f"parts = [self.step_values(state, piece{passed}) for piece in pieces(episodes)]",
            "next_value, q, log_ratio = (torch.cat(part, 1) for part in zip(*parts, strict=True))",
        )
    else:
        doc = "V(s') at a piece of the stored steps: [S, n]."
        returns, kind, name = "return next_value", "Tensor:", "next_values"
        head = (f"next_value = torch.cat([self.next_values(state, piece{passed}) for piece in pieces(episodes)], 1)",)
    each = Function(name, f"{signature}{kind}", doc, ("estimate",), "batch", draws=random, returns=returns)
    defined = returns.removeprefix("return ").split(", ")
    return [each], head, {symbol: symbol for symbol in defined}


def _targets(c: Choices, drawn: str, head: tuple[str, ...], given: dict[str, str]) -> list[Function]:
    """G of every stored step of a replay's episodes."""
    functions = []
    if c.take(critic).network == "v":
        value = f"self.v(critic, {c.take(input_).of('piece')})"
        line = f"return torch.cat([{value} for piece in pieces(episodes)], 1)"
        signature = "self, critic: Tensor, state: State, episodes: Episodes) -> Tensor:"
        functions.append(Function("values", signature, "V(s) of every stored step: [S, n].", returns=line))
    signature = f"self, state: State, episodes: Episodes{drawn}) -> Tensor:"
    doc = "G of every stored step, the critic as it stands: [S, n]."
    functions.append(
        Function("targets", signature, doc, ("target",), "episodes", head=head, returns="return target", given=given)
    )
    return functions
