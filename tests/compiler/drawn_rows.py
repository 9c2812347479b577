"""Random rows from the whole space of choices, at sizes at which an update takes milliseconds.

Three rounds, each resolved before the next: the factors, then every other choice that the row leaves open, then the
numbers. So every choice and every parameter is reachable and no entry is drawn that has no effect in its row.
"""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import assume
from hypothesis import strategies as st

from taxon.semantics import load_spec
from taxon.syntax.printing import number as number_text
from taxon.taxonomy import SCHEMA
from taxon.taxonomy.ranges import POSITIVE, Range
from taxon.taxonomy.schema import Choice, Row, Slot

# Numbers of everyday size, by the last part of the path or by the path; every other number by its range.
_BETWEEN: dict[str, tuple[float, float]] = {
    "hidden": (6, 16),
    "capacity": (40, 60),
    "batch": (2, 6),
    "warmup": (8, 12),
    "steps_per_update": (1, 4),
    "updates": (1, 2),
    "value_updates": (1, 3),
    "policy_updates": (1, 3),
    "length": (2, 4),
    "samples": (2, 3),
    "G.estimate.samples": (1, 3),
    "baseline": (0, 3),
    "every": (1, 3),
    "until": (5, 100),
    "pi_p.update.until": (1, 5),
    "hide": (0, 2),
    "over": (50, 200),
    "lr": (1e-4, 1e-2),
    "start": (1e-4, 1e-2),
    "end": (1e-5, 1e-3),
    "eps": (1e-8, 1e-2),
    "weight_decay": (0, 1e-2),
    "eta": (1, 10),
    "environments": (2, 4),
    "steps": (4, 8),
    "group": (1, 2),
    "policy_epochs": (1, 2),
    "value_epochs": (1, 2),
    "policy_every": (1, 3),
    "degree": (1, 2),
    "count": (2, 5),
    "width": (0.5, 2),
    "n": (1, 2),  # within the shortest window
    "iterations": (1, 5),
    "tries": (1, 5),
    "damping": (0.05, 1),
    "ridge": (0.01, 1),
    "tolerance": (1, 2),
    "factor": (1.1, 3),
    "std": (0.05, 0.5),
    "sigma": (0.05, 0.5),
    "scale": (0.3, 2),
    "gain": (0.3, 1.5),
    "bound": (0.1, 0.5),
    "low": (-5, -1),
    "high": (-0.5, 1),
    "target": (-2, 1),
    "clip": (0.5, 50),
}

REPLAYS = ("replay", "replay + sequences", "replay + episodes")
ROLLOUTS = ("rollouts", "rollouts + restarts")

# What pi_q, its update, pi_p and its update are, and on which data: the frames of the rows that are often accepted.
_FRAMES = {
    "weights": ("nonparametric", "analytic", "pi_theta", "sg", (*REPLAYS, *ROLLOUTS)),
    "closed form": ("nonparametric", "analytic", "pi_theta", "analytic", ("replay + episodes", *ROLLOUTS)),
    "projection": ("nonparametric", "analytic", "pi_q", "pi_q", ("replay + episodes", *ROLLOUTS)),
    "sequences": ("nonparametric", "analytic", "pi_theta", "sg", ("rollouts + restarts",)),
    "entropy": ("pi_theta", "sg", "fixed", "fixed", (*REPLAYS, *ROLLOUTS)),
    "default": ("pi_theta", "sg", "default", "sg", (*REPLAYS, *ROLLOUTS)),
    "behaviour": ("pi_theta", "sg", "behaviour", "sg", (*REPLAYS, *ROLLOUTS)),
    "constant": ("pi_theta", "sg", "constant", "fixed", (*REPLAYS, *ROLLOUTS)),
    "divergence": ("pi_theta", "sg", "pi_q", "pi_q", (*REPLAYS, *ROLLOUTS)),
    "natural gradient": ("pi_theta", "natural_gradient", "pi_q", "pi_q", ROLLOUTS),
}
_SOLVED = ("closed form", "projection")
_SEPARATE = ("default", "behaviour", "constant")  # priors beside the policy
_UNLIKE = ("entropy", *_SEPARATE)  # pi_p is no policy that acts


def _between(path: str, within: Range) -> tuple[float, float]:
    bounds = _BETWEEN.get(path) or _BETWEEN.get(path.rpartition(".")[2])
    if bounds is not None:
        return bounds
    return max(within.low, 0.05 if within.low_open else -1.0), min(within.high, 0.95 if within.high_open else 2.0)


def _number(path: str, within: Range) -> st.SearchStrategy[str]:
    low, high = _between(path, within)
    if within.integer:
        return st.integers(math.ceil(low), int(high)).map(number_text)
    return st.integers(0, 20).map(lambda share: number_text(float(f"{low + (high - low) * share / 20:.6g}")))


def _choice(path: str, choice: Choice) -> st.SearchStrategy[str]:
    """A choice with the parameters that it cannot do without."""
    needed = [slot for slot in choice.parameters if slot.default is None]
    if not needed:
        return st.just(choice.key)
    parts = [
        _value(f"{path}.{slot.name}", slot).map(lambda text, name=slot.name: f"{name} = {text}") for slot in needed
    ]
    return st.tuples(*parts).map(lambda texts: f"{choice.key}({', '.join(texts)})")


def _value(path: str, slot: Slot) -> st.SearchStrategy[str]:
    """Any value of a slot, its modifiers on or off."""
    kinds: list[st.SearchStrategy[str]] = []
    if slot.number is not None:
        kinds.append(_number(path, slot.number))
    if slot.boolean:
        kinds.append(st.sampled_from(["true", "false"]))
    if slot.integers is not None:
        kinds.append(
            st.lists(_number(path, slot.integers), min_size=0 if slot.may_be_empty else 1, max_size=2).map(
                lambda w: f"[{', '.join(w)}]"
            )
        )
    if slot.bases:
        base = st.one_of([_choice(path, choice) for choice in slot.bases])
        added = [st.sampled_from(["", f" + {choice.key}"]) for choice in slot.modifiers]
        kinds.append(st.tuples(base, *added).map("".join))
    return st.one_of(kinds)


@st.composite
def _factors(draw: st.DrawFn) -> dict[str, str]:
    """The choices that decide which other slots apply: often a sensible frame, sometimes anything at all."""
    named = ("pi_q", "pi_p", "pi_q.update", "pi_p.update", "G", "G.estimate", "pi_theta", "data")
    if draw(st.integers(0, 19)) == 0:
        chosen = {path: draw(_value(path, SCHEMA[path])) for path in named}
        return _sized(draw, chosen)
    frame = draw(st.sampled_from(list(_FRAMES)))
    pi_q, update_q, pi_p, update_p, places = _FRAMES[frame]
    chosen = {"pi_q": pi_q, "pi_q.update": update_q, "pi_p": pi_p, "pi_p.update": update_p}
    chosen["data"] = draw(st.sampled_from(places))
    critic = draw(st.sampled_from(_critics(frame, chosen)))
    _policy(draw, frame, critic, chosen)
    _values(draw, frame, critic, chosen)
    _estimate(draw, frame, critic, chosen)
    if pi_q == "nonparametric":
        _weights(draw, frame, critic, chosen)
    else:
        _ascent(draw, frame, critic, chosen)
    if draw(st.integers(0, 4)) == 0:
        # one choice of the frame is anything at all
        path = draw(st.sampled_from(named))
        chosen[path] = draw(_value(path, SCHEMA[path]))
    return _sized(draw, chosen)


def _sized(draw: st.DrawFn, chosen: dict[str, str]) -> dict[str, str]:
    """Small from the start, so that no rule about sizes refuses the row."""
    kept = {path: value for path, value in chosen.items() if not path.startswith("data.")}
    if chosen.get("G.estimate", "").startswith("n_step"):
        kept["G.estimate.n"] = "2"
    if "replay" in chosen["data"]:
        several = draw(st.sampled_from(["1", "1", "3"]))
        return kept | {"data.capacity": "50", "data.warmup": "12", "data.environments": several}
    if "restarts" in chosen["data"]:
        groups = ["2", "4"] if chosen.get("pi_q.update.normalise") == "group" else ["1", "2", "4"]
        kept["data.restarts.group"] = draw(st.sampled_from(groups))
    return kept | {"data.environments": "4", "data.steps": "6"}


def _critics(frame: str, chosen: dict[str, str]) -> list[str]:
    """The networks behind G that a frame and its data allow: Q, V, or none."""
    data = chosen["data"]
    if frame == "sequences":
        return ["none"]
    whole = ["none"] if data in ("replay + episodes", "rollouts + restarts") else []
    if data in ROLLOUTS:
        return [*([] if frame == "natural gradient" else ["q"]), "v", *whole]
    # a gradient of G needs Q
    return {"nonparametric": ["q", "v", *whole], "pi_theta": ["q"]}[chosen["pi_q"]]


def _policy(draw: st.DrawFn, frame: str, critic: str, chosen: dict[str, str]) -> None:
    """A distribution, with what the frame needs of its network."""
    solved, descends = frame in _SOLVED, frame != "natural gradient"
    cov = draw(st.sampled_from(["cov(s)", "cov", "0.3"]))
    heads = ["normal", "normal", "softmax", "tanh", *(["mean(s)"] if frame == "entropy" and critic == "q" else [])]
    heads = [head for head in heads if head != "softmax"] if frame == "constant" else heads
    head = draw(st.sampled_from(heads if frame != "closed form" else ["normal"]))
    linear = solved or draw(st.integers(0, 3)) == 0
    if linear:
        chosen["network.policy.hidden"] = "[]"
    chosen["pi_theta"] = {"normal": f"normal(cov = {cov})", "tanh": f"tanh(normal(cov = {cov}))"}.get(head, head)
    if head == "softmax":
        return
    mean = "linear" if solved else draw(st.sampled_from(["linear", "linear", "tanh"]))
    chosen["network.policy.mean"] = mean
    if descends and not solved and (head == "tanh" or mean == "tanh") and (head, mean) != ("mean(s)", "tanh"):
        chosen["bounds"] = "none"
    if head == "mean(s)":
        return
    path = "pi_theta" if head == "normal" else "pi_theta.base"
    chosen[f"{path}.cov"] = cov
    if cov != "0.3":
        smooth = ["exp"] if solved and cov == "cov" else ["exp", "softplus", "softplus_variance"]
        noise = ["exploration"] if linear and mean == "linear" and cov == "cov(s)" else []
        std = draw(st.sampled_from(noise if solved and noise else [*smooth, *noise]))
        chosen["network.policy.std"] = std
        if std == "exploration":
            chosen[f"{path}.structure"] = "diagonal"


def _values(draw: st.DrawFn, frame: str, critic: str, chosen: dict[str, str]) -> None:
    """A G that the critic stands behind."""
    own = "pi_q" if frame in _UNLIKE else "pi_p"
    values = {"q": [f"Q[{own}]"], "v": [f"A[{own}]"], "none": [f"Q[{own}]"]}[critic]
    if frame in _UNLIKE and critic == "q" and chosen["pi_theta"] != "mean(s)":
        values.append("Q_soft[pi_q]")
    if frame in _UNLIKE and critic == "v":
        values.append("A_soft[pi_q]")
    if frame == "divergence" and critic != "none":
        values.append(values[0].replace("pi_p", "pi_q"))
    if chosen["pi_q"] == "nonparametric" and critic != "v" and frame != "sequences":
        values.append("eta * log(Q[pi_p])")
        if critic == "none":
            values.append("eta * log(r)")
    chosen["G"] = draw(st.sampled_from(values))
    if critic == "none" and chosen["G"] != "eta * log(r)":
        chosen["G.critic"] = "none"
    if critic == "q":
        chosen["target"] = draw(st.sampled_from(["none", "copy", "polyak"]))
        chosen["G.critic"] = "online" if chosen["target"] == "none" else draw(st.sampled_from(["online", "target"]))
    if chosen["G"].startswith("eta *") and critic == "q":
        # a critic that has just been initialised is negative somewhere
        chosen["G.transform"] = "shift"


def _estimate(draw: st.DrawFn, frame: str, critic: str, chosen: dict[str, str]) -> None:
    """An estimate that the critic and the data allow."""
    if critic == "none":
        rewards = ["none"] if chosen["G"] == "eta * log(r)" else []
        chosen["G.estimate"] = draw(st.sampled_from(["td(1)", *rewards]))
        return
    kinds = ["td(0)"]
    if chosen["data"] != "replay" and chosen["G"] != "Q_soft[pi_q]":
        kinds += ["td(0.7)", "td(1)", "n_step"]
    if chosen["data"] != "replay":
        kinds += {"q": ["retrace"] if chosen["pi_theta"] != "mean(s)" else [], "v": ["gae"]}[critic]
    chosen["G.estimate"] = draw(st.sampled_from(kinds))
    if critic == "q" and draw(st.booleans()):
        chosen["G.estimate"] += " + clipped_double"
    if critic == "q" and chosen["pi_theta"] != "softmax" and draw(st.integers(0, 3)) == 0:
        chosen["G.estimate"] += " + smoothing"


def _weights(draw: st.DrawFn, frame: str, critic: str, chosen: dict[str, str]) -> None:
    """The E-step of EM control, and what stands beside its M-step."""
    replayed = chosen["data"] in REPLAYS
    stored = critic != "q" or (replayed and (frame in _SOLVED or draw(st.booleans())))
    if stored and replayed:
        chosen["pi_p.update"] += " + mixture"
    if frame == "sequences":
        chosen["pi_q.update.normalise"] = "group"
        chosen["pi_p.update"] += draw(st.sampled_from(["", " + expected_return"]))
        chosen["eta"] = draw(_number("eta", POSITIVE))
    else:
        if stored and critic == "q" and replayed and frame in _SOLVED and chosen["pi_theta"] != "softmax":
            chosen["pi_q.update.baseline"] = "0"  # no actions are drawn at every stored step
        if stored:
            chosen["pi_q.update.normalise"] = draw(st.sampled_from(["none", "batch"]))
        if not chosen["G"].startswith("eta *"):
            _temperature(draw, stored, critic, chosen)
    if chosen["pi_p.update"].startswith("sg") and draw(st.booleans()):
        chosen["pi_p.update"] += " + trust_region"
        if replayed:
            chosen |= {"target": draw(st.sampled_from(["copy", "polyak"])), "target.policy": "true"}


def _temperature(draw: st.DrawFn, stored: bool, critic: str, chosen: dict[str, str]) -> None:
    """A number, a dual that is followed or solved, or weights that have no temperature."""
    kind = draw(st.sampled_from(["number", "trust_region", "dual", "other"]))
    if kind == "trust_region":
        chosen["pi_q.update"] += " + trust_region"
    if kind == "dual":
        chosen["eta"] = "dual"
    if kind == "number":
        chosen["eta"] = draw(_number("eta", POSITIVE))
    if kind == "other":
        chosen["pi_q.update.f"] = draw(st.sampled_from(["indicator", "relu"]))
        return
    chosen["pi_q.update.f"] = "exp"
    if kind != "number" and stored:
        chosen["pi_q.update.normalise"] = "batch"
    if kind == "dual" and critic == "v" and chosen["data"] in ("replay + episodes", *ROLLOUTS) and draw(st.booleans()):
        chosen |= {"G.fit": "dual", "G.estimate": "td(0)", "network.value.hidden": "[]"}
        # more steps than V has parameters, or V explains every reward
        chosen |= {"pi_q.update.keep": "all", "pi_q.update.standardise": "false"}
    elif critic == "v":
        chosen["G.fit"] = "regression"


def _ascent(draw: st.DrawFn, frame: str, critic: str, chosen: dict[str, str]) -> None:
    """What a parametric pi_q ascends beside G."""
    policy = chosen["pi_theta"]
    if frame in _UNLIKE and critic != "q":
        chosen["pi_q.update"] += draw(st.sampled_from(["", " + clipped"]))
    if frame == "divergence" and chosen["data"] in ROLLOUTS:
        kinds = ["", " + penalty", " + trust_region"]
        kinds += [" + clipped", " + penalty + clipped", " + trust_region + clipped"] if critic != "q" else []
        chosen["pi_q.update"] += draw(st.sampled_from(kinds))
    elif frame == "divergence":
        chosen |= {"target": draw(st.sampled_from(["copy", "polyak"])), "target.policy": "true"}
        chosen["pi_q.update"] += draw(st.sampled_from(["", " + trust_region"]))
    if policy == "mean(s)":
        chosen["eta"] = "0"
    elif frame == "divergence" and " + " not in chosen["pi_q.update"]:
        chosen["eta"] = draw(st.sampled_from(["0", "0.3", "2"]))
    elif frame in _SEPARATE:
        if " + " not in chosen["pi_q.update"] and "soft" not in chosen["G"] and draw(st.booleans()):
            chosen["pi_q.update"] += " + trust_region"
        else:
            chosen["eta"] = draw(st.sampled_from(["0.3", "2"]))
        if frame == "default":
            chosen["pi_p.hide"] = draw(st.sampled_from(["[]", "[0]", "[2, 1]"]))
    elif frame == "entropy":
        # an entropy constraint needs an entropy that can move, and reach its target
        target = "0.5" if policy == "softmax" else "-1"
        free = [] if policy == "normal(cov = 0.3)" else [f"entropy(target = {target})"]
        chosen["eta"] = draw(st.sampled_from(["0", "0.3", "2", *free]))
    if critic == "q" and frame in ("entropy", "divergence") and policy != "mean(s)":
        _directions(draw, chosen)
    if chosen.get("eta") in ("0.3", "2") and chosen.get("pi_q.update.direction") != "forward":
        _divergence(draw, frame, critic, chosen)


def _divergence(draw: st.DrawFn, frame: str, critic: str, chosen: dict[str, str]) -> None:
    """What the objective weighs by eta: a KL, of samples or in closed form, or a discrepancy."""
    policy, proper = chosen["pi_theta"], frame != "entropy"
    kinds = ["kl"]
    if policy.startswith("tanh") or (policy.startswith("normal") and proper):
        kinds += [] if "soft" in chosen["G"] else ["mmd"]
    chosen["divergence"] = draw(st.sampled_from(kinds))
    if chosen["divergence"] == "kl" and critic == "q" and policy != "softmax":
        closed = ["closed"] if proper or policy.startswith("normal") else []
        chosen["divergence.estimate"] = draw(st.sampled_from(["sampled", *closed]))
    if frame in ("default", "behaviour") and chosen["divergence"] == "kl":
        halved = ["0.5"] if chosen.get("divergence.estimate") != "closed" or policy.startswith("normal") else []
        chosen["pi_p.power"] = draw(st.sampled_from(["1", *halved]))


def _directions(draw: st.DrawFn, chosen: dict[str, str]) -> None:
    """At which actions a parametric pi_q ascends, and in which direction of the divergence."""
    path, update = "pi_q.update", chosen["pi_q.update"]
    bounded, finite = " + " in update, chosen["pi_theta"] == "softmax"
    forward = not bounded and chosen["eta"] != "0" and draw(st.booleans())
    chosen[f"{path}.direction"] = "forward" if forward else "reverse"
    if finite:
        return
    chosen[f"{path}.samples"] = draw(st.sampled_from(["2", "3"] if forward else ["1", "2", "3"]))
    if forward:
        drawn = chosen["pi_p"] != "fixed" or (chosen["pi_theta"].startswith("tanh") and "entropy" not in chosen["eta"])
        chosen[f"{path}.proposal"] = draw(st.sampled_from(["pi_q", *(["pi_p"] if drawn else [])]))
        return
    gradients = ["reparameterised", *(["likelihood_ratio"] if "penalty" not in update else [])]
    chosen[f"{path}.gradient"] = draw(st.sampled_from(gradients))
    if chosen[f"{path}.gradient"] == "likelihood_ratio":
        several = ["mean", "leave_one_out"] if chosen[f"{path}.samples"] != "1" else []
        chosen[f"{path}.centre"] = draw(st.sampled_from(["none", *several]))


def _text(entries: dict[str, str]) -> str:
    lines = "\n".join(f"  {path} = {value}" for path, value in entries.items())
    return f"taxon 1\n\nalgorithm drawn {{\n{lines}\n}}\n"


def row_in(text: str, file: Path) -> Row:
    """The row of a spec's text; drawn anew where it is refused. `file` is where the text is put."""
    file.write_text(text, encoding="utf-8")
    row = load_spec(file).row
    assume(row is not None)
    assert row is not None
    return row


@st.composite
def specs(draw: st.DrawFn, file: Path) -> str:
    """The text of a file with one accepted row, under way put into `file`."""
    entries = draw(_factors())
    for path, leaf in row_in(_text(entries), file).leaves.items():
        if path not in entries and leaf.slot.bases:
            entries[path] = draw(_value(path, leaf.slot))
    for path, leaf in row_in(_text(entries), file).leaves.items():
        if path not in entries:
            entries[path] = draw(_value(path, leaf.slot))
    return _text(entries)
