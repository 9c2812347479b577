"""network: how a perceptron is built, and what the networks see of an observation."""

from __future__ import annotations

from dataclasses import dataclass

from taxon.compiler.block import Section
from taxon.compiler.choices import NUMBER, Choices, choice, table

table("network.*.activation", {"relu": "F.relu", "elu": "elu", "tanh": "torch.tanh"})
table("network.*.layer_norm", {name: f'"{name}"' for name in ("none", "first", "everywhere")})
for _place in ("bias", "head_bias"):
    table(f"network.*.{_place}", {name: name for name in ("zeros", "fan_in_uniform")})
for _place in ("init", "head"):
    table(f"network.*.{_place}.mode", {name: f'"{name}"' for name in ("fan_in", "fan_out", "fan_avg")})
    table(f"network.*.{_place}.distribution", {name: f'"{name}"' for name in ("uniform", "normal", "truncated_normal")})


@choice("network.*.init", "xavier_uniform")
@choice("network.*.head", "xavier_uniform")
def _xavier(c: Choices, path: str) -> str:
    return f"xavier_uniform({c.literal(f'{path}.gain')})"


@choice("network.*.init", "uniform")
@choice("network.*.head", "uniform")
def _uniform(c: Choices, path: str) -> str:
    return f"uniform_init({c.literal(f'{path}.bound')})"


@choice("network.*.init", "variance_scaling")
@choice("network.*.head", "variance_scaling")
def _variance_scaling(c: Choices, path: str) -> str:
    shape = f"{c.meaning(f'{path}.mode')}, {c.meaning(f'{path}.distribution')}"
    return f"variance_scaling({c.literal(f'{path}.scale')}, {shape})"


@choice("network.*.init", "orthogonal")
@choice("network.*.head", "orthogonal")
def _orthogonal(c: Choices, path: str) -> str:
    return f"orthogonal({c.literal(f'{path}.gain')})"


@choice("network.*.features", "identity")
def _identity(c: Choices, path: str) -> str:
    return ""


@choice("network.*.features", "polynomial")
def _polynomial(c: Choices, path: str) -> str:
    return f"polynomial({c.literal(f'{path}.degree')})"


@choice("network.*.features", "fourier")
def _fourier(c: Choices, path: str) -> str:
    return f"fourier({c.literal(f'{path}.count')}, {c.literal(f'{path}.width')})"


def features(c: Choices, role: str) -> str:
    """What a network's first layer reads of its input, as the call that builds it; empty where that is the input."""
    path = f"network.{role}.features"
    text: str = c.meaning(path)(c, path)
    return text


def perceptron(c: Choices, role: str, inputs: str, outputs: str) -> str:
    """The call that builds `network.<role>`."""
    path = f"network.{role}"
    hidden = c.widths(f"{path}.hidden")
    arguments = [f"[{', '.join([inputs, *map(str, hidden), outputs])}]"]
    arguments.append(c.meaning(f"{path}.activation") if hidden else "torch.tanh")
    if hidden:
        arguments += [
            f"layer_norm={c.meaning(f'{path}.layer_norm')}",
            f"weight_init={c.meaning(f'{path}.init')(c, f'{path}.init')}",
            f"bias_init={c.meaning(f'{path}.bias')}",
        ]
    arguments += [
        f"head_init={c.meaning(f'{path}.head')(c, f'{path}.head')}",
        f"head_bias={c.meaning(f'{path}.head_bias')}",
    ]
    if read := features(c, role):
        arguments.append(f"features={read}")
    return "Mlp(\n" + "".join(f"    {argument},\n" for argument in arguments) + ")"


@dataclass(frozen=True)
class Input:
    """What the networks see of an observation: expressions of a raw one, {}, and how many numbers come out."""

    acting: str  # in acting and evaluation
    observation: str  # s in updates
    next_observation: str  # s' in updates
    size: str = "self.observations"
    stored: str = ""  # of stored steps {} before a phase; empty where it is as in acting, of their observations

    def seen(self, observation: str) -> str:
        """In acting and evaluation."""
        return self.acting.format(observation)

    def of(self, steps: str) -> str:
        """At stored steps before a phase."""
        return self.stored.format(steps) if self.stored else self.seen(f"{steps}.observation")


@choice("network.input", "raw")
@choice("network.input.base", "raw")
def _raw(c: Choices) -> Input:
    return Input("{}", "{}", "{}")


@choice("network.input", "normalised")
def _normalised(c: Choices) -> Input:
    what = "The observation in units of its running statistics"
    return _in_units(c, "network.input", "What the networks see", what, "s =", "normalise(state.statistics, seen_raw, ")


@choice("network.input.base", "normalised")
def _real(c: Choices) -> Input:
    what = "The real numbers of the observation in units of their running statistics"
    call = f"normalise_real(state.statistics, seen_raw, {layout(c)}, "
    return _in_units(c, "network.input.base", "What the encoder reads", what, r"o \leftarrow", call)


def _in_units(c: Choices, path: str, title: str, what: str, becomes: str, call: str) -> Input:
    """Normalised by running statistics, whose choice stands at a path; `call` lacks its last arguments."""
    c.constant("INPUT_EPS", f"{path}.eps", "added to the observations' deviation")
    c.constant("INPUT_UNTIL", f"{path}.until", "observations after which the statistics stand still")
    clip = c.meaning(f"{path}.clip")(c, f"{path}.clip")
    c.field("statistics", "", "empty_statistics(len(generators), self.observations)", "Statistics")
    eps, until = c.tex(f"{path}.eps"), c.text(f"{path}.until")
    shown = rf"\frac{{o - \mathrm{{mean}}(o)}}{{\mathrm{{std}}(o) + {eps}}}"
    if clip:
        bound = c.tex(f"{path}.clip")
        shown = rf"\mathrm{{clip}}\left({shown}, -{bound}, {bound}\right)"
    section = Section(
        title,
        c.present(path, f"{path}.eps", f"{path}.clip", f"{path}.until"),
        f"{what}, which stand still after {until} of them.",
        (f"{becomes} {shown}",),
        c.source(path),
        ("return", "observe: return"),
    )
    code = "statistics = update_statistics(state.statistics, seen_raw, INPUT_UNTIL)"
    c.add("observe", code, "statistics")
    c.add("normalise", f"return {call}INPUT_EPS{clip})", sections=(section,))
    return Input(*["self.normalise(state, {})"] * 3)


@choice("network.input.clip", "none")
@choice("network.input.base.clip", "none")
def _unbounded(c: Choices, path: str) -> str:
    return ""


@choice("network.input.clip", NUMBER)
@choice("network.input.base.clip", NUMBER)
def _clipped(c: Choices, path: str) -> str:
    return f", {c.constant('INPUT_CLIP', path, 'largest normalised observation')}"


def layout(c: Choices) -> str:
    """The arrays of an observation, as the agent keeps them."""
    line = "self.layout = observation"
    if line not in c.attributes:
        c.attributes.append(line)
    return "self.layout"


def input_(c: Choices) -> Input:
    """What the networks see."""
    made: Input = c.meaning("network.input")(c)
    return made


def base(c: Choices) -> Input:
    """What an encoder at `network.input` reads: what stands at its parameter `base`."""
    made: Input = c.meaning("network.input.base")(c)
    return made


def inputs(c: Choices) -> None:
    """s and s' as the networks see them, wherever they are read."""
    found = c.take(input_)
    for name, text in (("observation", found.observation), ("next_observation", found.next_observation)):
        c.add("inputs", f"{name} = {text.format(f'raw_{name}')}", name, anywhere=True)
