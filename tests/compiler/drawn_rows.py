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
from taxon.taxonomy.row import Row
from taxon.taxonomy.schema import POSITIVE, Choice, Range, Slot

# Numbers of everyday size, by the last part of the path or by the path; every other number by its range.
_BETWEEN: dict[str, tuple[float, float]] = {
    "hidden": (4, 16),
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
    "over": (50, 200),
    "lr": (1e-4, 1e-2),
    "start": (1e-4, 1e-2),
    "end": (1e-5, 1e-3),
    "eps": (1e-8, 1e-2),
    "weight_decay": (0, 1e-2),
    "eta": (1, 10),
    "scale": (0.3, 2),
    "gain": (0.3, 1.5),
    "bound": (0.01, 0.5),
    "low": (-5, -1),
    "high": (-0.5, 1),
    "target": (-2, 1),
    "clip": (0.5, 50),
}

_CONTROL = {
    "fresh": ("nonparametric", "pi_theta", "analytic", "sg", ("Q[pi_p]",)),
    "mixture": ("nonparametric", "pi_theta", "analytic", "sg + mixture", ("Q[pi_p]", "A[pi_p]")),
    "kl": ("pi_theta", "fixed", "sg", "fixed", ("Q_soft[pi_q]", "Q[pi_q]")),
}


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
        kinds.append(st.lists(_number(path, slot.integers), min_size=1, max_size=2).map(lambda w: f"[{', '.join(w)}]"))
    if slot.bases:
        base = st.one_of([_choice(path, choice) for choice in slot.bases])
        added = [st.sampled_from(["", f" + {choice.key}"]) for choice in slot.modifiers]
        kinds.append(st.tuples(base, *added).map("".join))
    return st.one_of(kinds)


@st.composite
def _factors(draw: st.DrawFn) -> dict[str, str]:
    """Every choice that decides which other slots apply: often a sensible frame, sometimes anything at all."""
    named = ("pi_q", "pi_p", "pi_q.update", "pi_p.update", "G", "G.estimate", "pi_theta", "bounds", "target", "data")
    chosen = {path: draw(_value(path, SCHEMA[path])) for path in named}
    if draw(st.integers(0, 9)) == 0:
        return chosen
    kind = draw(st.sampled_from(list(_CONTROL)))
    pi_q, pi_p, update_q, update_p, values = _CONTROL[kind]
    chosen |= {"pi_q": pi_q, "pi_p": pi_p, "pi_q.update": update_q, "pi_p.update": update_p}
    chosen["G"] = draw(st.sampled_from(values))
    if kind != "kl" and draw(st.booleans()):
        chosen["pi_q.update"] += " + trust_region"
        if kind == "mixture":
            chosen["pi_q.update.normalise"] = "batch"
    else:
        # an entropy constraint needs a parametric pi_q whose entropy can move
        free = kind == "kl" and not chosen["pi_theta"].startswith("normal(cov = 0")
        chosen["eta"] = draw(_value("eta", SCHEMA["eta"]) if free else _number("eta", POSITIVE))
    if kind != "kl" and draw(st.booleans()):
        chosen["pi_p.update"] += " + trust_region"
        chosen |= {"target": draw(st.sampled_from(["copy", "polyak"])), "target.policy": "true"}
    _estimate(draw, chosen)
    if chosen["pi_theta"].startswith("tanh"):
        chosen["bounds"] = "none"
    if chosen["bounds"] == "quadratic":
        chosen["network.policy.mean"] = "linear"
    return chosen


def _estimate(draw: st.DrawFn, chosen: dict[str, str]) -> None:
    """An estimate that the value network and the data allow."""
    q = chosen["G"] != "A[pi_p]"
    kind, lambda_ = draw(
        st.sampled_from([("td", "0"), ("td", "0.7"), ("td", "1"), *([("retrace", "0.9")] if q else [])])
    )
    chosen |= {"G.estimate": kind, "G.estimate.lambda": lambda_}
    ordered = [" + sequences", " + episodes"]
    chosen["data"] = "replay" + draw(st.sampled_from(ordered if (kind, lambda_) != ("td", "0") else ["", *ordered]))
    if q and draw(st.booleans()):
        chosen["G.estimate"] += " + clipped_double"
    if q and chosen["target"] == "none":
        chosen["G.critic"] = "online"


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
    # small from the start, so that no rule about sizes refuses the row
    entries = draw(_factors()) | {"data.capacity": "50", "data.warmup": "10"}
    for path, leaf in row_in(_text(entries), file).leaves.items():
        if path not in entries and leaf.slot.bases:
            entries[path] = draw(_value(path, leaf.slot))
    for path, leaf in row_in(_text(entries), file).leaves.items():
        if path not in entries:
            entries[path] = draw(_value(path, leaf.slot))
    return _text(entries)
