"""optimizer: how parameters and multipliers follow their gradients."""

from __future__ import annotations

from dataclasses import dataclass, replace

from taxon.compiler.blocks.data import steps_so_far
from taxon.compiler.choices import NUMBER, Choices, choice
from taxon.compiler.literals import number

_TRAINED = {"policy": "policy", "value": "critic", "dual": "multipliers", "bounds": "penalty's temperature"}
# Arguments that the operator has by default are not written out.
_ADAM = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
_USUAL = 2  # moments


@dataclass(frozen=True)
class Optimiser:
    """A choice of `optimizer.*` as the call it becomes."""

    call: str
    arguments: tuple[str, ...]  # behind the gradient
    moments: int  # that it keeps, each shaped like the parameters
    clip: str
    words: str  # for the derivation

    def field(self, c: Choices, name: str, shape: str, init: str, lagged: bool = False) -> None:
        """A field that is trained: its parameters, the optimiser's moments, and a lagged copy where there is one."""
        keep(c, name, shape, init, self.moments, lagged)

    def step(self, name: str, gradient: str) -> str:
        """The line that steps a field."""
        descent = f"clip_norm({gradient}, {self.clip})" if self.clip else gradient
        return f"{name} = {self.call}({', '.join([f'state.{name}', descent, *self.arguments])})"


def keep(c: Choices, name: str, shape: str, init: str, moments: int, lagged: bool) -> None:
    """A field of parameters with so many moments, and with a lagged copy or without."""
    kind = "Lagged" if lagged else "Trained"
    counted = "" if moments == _USUAL else f", moments={moments}"
    c.field(name, shape, f"{kind.lower()}({init}{counted})", kind)


@choice("optimizer.*", "adam")
def _adam(c: Choices, kind: str, rate: str, words: str, clip: str) -> Optimiser:
    path = f"optimizer.{kind}"
    arguments = [rate, "updates"]
    for parameter, usual in _ADAM.items():
        if c.value(f"{path}.{parameter}") != usual:
            arguments.append(f"{parameter}={c.literal(f'{path}.{parameter}')}")
    if c.value(f"{path}.weight_decay"):
        decay = c.constant(f"{kind.upper()}_DECAY", f"{path}.weight_decay", f"L2 penalty of the {_TRAINED[kind]}")
        arguments.append(f"weight_decay={decay}")
    return Optimiser("adam", tuple(arguments), 2, clip, f"Adam at {words}")


@choice("optimizer.*", "sgd")
def _sgd(c: Choices, kind: str, rate: str, words: str, clip: str) -> Optimiser:
    path, arguments = f"optimizer.{kind}", [rate]
    if c.value(f"{path}.momentum"):
        arguments.append(
            c.constant(f"{kind.upper()}_MOMENTUM", f"{path}.momentum", f"momentum of the {_TRAINED[kind]}")
        )
        words += f" and momentum ${c.tex(f'{path}.momentum')}$"
    return Optimiser("sgd", tuple(arguments), 1, clip, f"gradient descent at {words}")


@choice("optimizer.*.lr", NUMBER)
def _constant_rate(c: Choices, kind: str) -> tuple[str, str]:
    path = f"optimizer.{kind}.lr"
    return c.constant(f"{kind.upper()}_LR", path, f"learning rate of the {_TRAINED[kind]}"), f"rate ${c.tex(path)}$"


@choice("optimizer.*.lr", "linear")
def _linear_rate(c: Choices, kind: str) -> tuple[str, str]:
    path = f"optimizer.{kind}.lr"
    start, end, over = (number(c.value(f"{path}.{part}")) for part in ("start", "end", "over"))
    shown = [f"${c.tex(f'{path}.{part}')}$" for part in ("start", "end", "over")]
    words = f"a rate from {shown[0]} to {shown[1]} over {shown[2]} environment steps"
    return f"linear_schedule({steps_so_far(c, kind)}, {start}, {end}, {over})", words


@choice("optimizer.clip", "none")
def _unclipped(c: Choices) -> tuple[str, str]:
    return "", ""


@choice("optimizer.clip", NUMBER)
def _clipped(c: Choices) -> tuple[str, str]:
    clip = c.constant("CLIP_NORM", "optimizer.clip", "largest norm of a gradient")
    return clip, f", gradients cut to norm ${c.tex('optimizer.clip')}$"


def optimiser(c: Choices, kind: str) -> Optimiser:
    """The optimiser of `policy`, `value`, `dual` or `bounds`."""
    rate, words = c.meaning(f"optimizer.{kind}.lr")(c, kind)
    clip, cut = c.meaning("optimizer.clip")(c)
    made: Optimiser = c.meaning(f"optimizer.{kind}")(c, kind, rate, words, clip)
    return replace(made, words=made.words + cut)
