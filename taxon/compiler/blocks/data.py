"""data: what is kept of experience, and the schedule of updates that it makes possible."""

from __future__ import annotations

import math
from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.choices import Choices, choice
from taxon.compiler.literals import number
from taxon.compiler.notation import number as tex_number
from taxon.taxonomy.axes import facts


@dataclass(frozen=True)
class Data:
    """What the updates read, and how often."""

    declaration: dict[str, str]  # fields of the module's DATA
    kind: str  # Replay or Rollouts
    rollouts: bool  # the present policy's own steps, used for one round
    episodic: bool  # whole episodes of a replay
    windows: bool  # of consecutive steps
    environments: int
    group: int
    steps: str  # that one update of the policy draws noise for
    batch: str  # the same in LaTeX; n where it is all that was collected
    counts: dict[str, int]  # updates a round of the joint update, the critic (`value`) or the policy
    named: dict[str, str]  # the same as the module says them
    text: str  # for the derivation

    @property
    def phased(self) -> bool:
        """Critic and policy are updated in turn, on columns computed of all data."""
        return self.rollouts or self.episodic


def data(c: Choices) -> Data:
    """The data of the row."""
    made: Data = c.meaning("data")(c)
    return made


def whole(c: Choices) -> bool:
    """The policy is updated once, on all that was collected."""
    return facts.whole_batch(c.row)


def counted(c: Choices) -> str:
    """The argument that names the states that count: all of a minibatch, and of all that was collected those that are
    no padding."""
    return ", states=valid" if c.take(whole) else ""


def _section(c: Choices, text: str) -> None:
    paths = tuple(path for path in c.row.leaves if path.split(".")[0] == "data")
    c.sections.append(Section("The data", paths, text, (), c.source("data"), ("DATA", "self.phases")))


@choice("data", "replay")
def _replay(c: Choices) -> Data:
    return replay(c)


def replay(c: Choices, kind: str = "Replay", drawn: str = "drawn uniformly") -> Data:
    """A replay, by its declaration's class and by how minibatches are drawn, in words."""
    windows, episodic = c.has("data", "sequences"), c.has("data", "episodes")
    c.constant("BATCH", "data.batch", "windows of a minibatch" if windows else "minibatch")
    every, warmup, random = c.count("data.steps_per_update"), c.count("data.warmup"), c.yes("data.random_warmup")
    environments = c.count("data.environments")
    declaration = {
        "capacity": number(c.count("data.capacity")),
        "batch": "BATCH",
        "warmup": number(warmup),
        "random_warmup": str(random),
        "steps_per_update": number(every),
        "sequence": c.constant("LENGTH", "data.sequences.length", "steps of a window") if windows else "1",
        "episodes": str(episodic),
        "environments": number(environments),
    }
    fitted = facts.fitted_critic(c.row)
    if episodic and facts.bare_return(c.row):
        declaration["bootstraps"] = "False"
    if episodic:
        counts = {"value": c.count("data.episodes.value_updates") if fitted else 0}
        counts["policy"] = 1 if whole(c) else c.count("data.episodes.policy_updates")
        named = {kind: _minibatches(c, kind, f"data.episodes.{kind}_updates", counts[kind]) for kind in counts}
    else:
        counts = {"joint": c.count("data.updates")}
        named = {"joint": "1"}
        if counts["joint"] != 1:
            named = {"joint": c.constant("UPDATES", "data.updates", "minibatches a round")}
    items = f"${c.tex('data.batch')}$ steps"
    if windows:
        items = f"${c.tex('data.batch')}$ windows of ${c.tex('data.sequences.length')}$ steps"
    where = f", made in ${environments}$ environments side by side" if environments > 1 else ""
    text = f"A replay of the last {c.text('data.capacity')} steps of all policies{where}; "
    text += f"{c.text('data.warmup')} steps of {'uniform actions' if random else 'the policy'} come first. Then, "
    text += f"after every ${c.tex('data.steps_per_update')}$ steps, " if every != 1 else "after every step, "
    if episodic:
        parts = [f"${counts['value']}$ minibatches of the critic"] if fitted else []
        minibatches = f"${counts['policy']}$ minibatches of the policy"
        parts.append("one update of the policy on all steps" if whole(c) else minibatches)
        whose = "targets are computed over whole episodes"
        if facts.bare_return(c.row):
            whose = "returns are of whole episodes (of what there is of one, until one has ended)"
        text += f"{whose}, and there are {' and '.join(parts)}, of {items} each."
    else:
        count = "one minibatch" if counts["joint"] == 1 else f"${counts['joint']}$ minibatches"
        text += f"{count} of {items}, {drawn}."
    _section(c, text)
    length = c.count("data.sequences.length", 1)
    batch = "n" if whole(c) else tex_number(c.count("data.batch") * length)
    steps = "BATCH * LENGTH" if windows else "BATCH"
    return Data(declaration, kind, False, episodic, windows, environments, 1, steps, batch, counts, named, text)


@choice("data", "rollouts")
def _rollouts(c: Choices) -> Data:
    restarts, fitted = c.has("data", "restarts"), facts.fitted_critic(c.row)
    environments, steps, group = c.count("data.environments"), c.count("data.steps"), c.count("data.restarts.group", 1)
    c.constant("ENVIRONMENTS", "data.environments", "environments of a seed")
    c.constant("STEPS", "data.steps", "steps of each environment in a round")
    minibatches = "data.batch" in c.row
    declaration = {
        "environments": "ENVIRONMENTS",
        "steps": "STEPS",
        "batch": c.constant("BATCH", "data.batch", "minibatch") if minibatches else number(1),
        "restarts": str(restarts),
        "group": number(group),
    }
    if "data.restarts.group" in c.row:
        about = "environments that begin their episode alike"
        declaration["group"] = c.constant("GROUP", "data.restarts.group", about)
    counts, named = {"value": 0, "policy": 1}, {"value": "0", "policy": "1"}
    for kind, minibatched in (("policy", not whole(c)), ("value", fitted)):
        if minibatched:
            counts[kind], named[kind] = _epochs(c, kind, environments * steps)
    shown = f"${c.tex('data.steps')}$"
    size = f"${environments}$ environments of {shown} steps each" if environments > 1 else f"{shown} steps"
    text = f"Rounds of the present policy alone: {size}, used and dropped."
    if restarts:
        text += " Every environment runs one episode from its start."
        if group > 1:
            text += f" Groups of ${group}$ begin alike."
    batch = f"minibatches of ${c.tex('data.batch')}$ steps" if minibatches else ""
    parts = ["one update of the policy on all of it" if whole(c) else f"${counts['policy']}$ {batch} for the policy"]
    parts += [f"${counts['value']}$ {batch} for the critic"] if fitted else []
    text += f" A round gives {', then '.join(parts)}."
    _section(c, text)
    drawn = "ENVIRONMENTS * STEPS" if whole(c) else "BATCH"
    of = "n" if whole(c) else c.tex("data.batch")
    return Data(
        declaration,
        "Rollouts",
        True,
        False,
        False,
        environments,
        group,
        drawn,
        of,
        counts,
        named,
        text,
    )


_WHO = {"policy": "the policy", "value": "the critic"}


def _minibatches(c: Choices, kind: str, path: str, count: int) -> str:
    """The updates of a round where the row counts them."""
    if path not in c.row or count < 2:
        return number(count)
    return c.constant(f"{kind.upper()}_UPDATES", path, f"minibatches of {_WHO[kind]} in a round")


def _epochs(c: Choices, kind: str, steps: int) -> tuple[int, str]:
    """The updates of a round where the row counts its passes over the steps."""
    path, name = f"data.{kind}_epochs", f"{kind.upper()}_UPDATES"
    epochs = c.constant(f"{kind.upper()}_EPOCHS", path, f"passes of {_WHO[kind]} over a round")
    drawn, batch = c.value(path) * steps, c.value("data.batch")
    said = f"{epochs} * ENVIRONMENTS * STEPS"
    exact = float(c.value(path)).is_integer() and drawn % batch == 0
    said = f"{said} // BATCH" if exact else f"math.ceil({said} / BATCH)"
    return math.ceil(drawn / batch), c.derived(name, said, f"minibatches of {_WHO[kind]} in a round")


def delay(c: Choices) -> int:
    """Updates of the critic for each of the policy."""
    every = c.count("optimizer.policy_every", 1)
    if every > 1:
        c.constant("POLICY_EVERY", "optimizer.policy_every", "updates of the critic for each of the policy")
    return every


def counter(c: Choices, kind: str) -> str:
    """The field that counts the updates of the critic (`value`) or of the policy."""
    if c.take(data).phased:
        return "value_updates" if kind == "value" else "policy_updates"
    return "policy_updates" if kind != "value" and c.take(delay) > 1 else "updates"


def steps_so_far(c: Choices, kind: str) -> str:
    """Environment steps, from the count of updates before this one: schedules run in environment steps."""
    found, counted = c.take(data), f"state.{counter(c, kind)}"
    which = ("value" if kind == "value" else "policy") if found.phased else "joint"
    updates = found.named[which]
    if found.rollouts:
        rounds = counted if updates == "1" else f"{counted} // {updates}"
        return f"({rounds} + 1) * ENVIRONMENTS * STEPS"
    every = "DATA.steps_per_update"
    if not found.phased and kind != "value" and c.take(delay) > 1:
        every = f"POLICY_EVERY * {every}"
    rate = every if updates == "1" else f"{every} / {updates}"
    return f"DATA.warmup + {counted} * {rate if rate == 'DATA.steps_per_update' else f'({rate})'}"
