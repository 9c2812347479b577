"""The module of a program: its header, its data, its state, and the agent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from taxon.compiler.assemble import Placed, Program
from taxon.compiler.block import Block
from taxon.compiler.blocks.critic import critic
from taxon.compiler.blocks.data import data, whole
from taxon.compiler.blocks.policy import family
from taxon.compiler.library import exports, names_used
from taxon.compiler.literals import docstring
from taxon.compiler.printing.layout import Line, laid_out, order_imports
from taxon.compiler.symbols import COLUMNS, COMPUTED, ranked
from taxon.taxonomy.language import choices_from_outside
from taxon.taxonomy.table import cells

_STANDARD = {
    "math": "import math",
    "Callable": "from collections.abc import Callable",
    "Sequence": "from collections.abc import Sequence",
    "NamedTuple": "from typing import NamedTuple",
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "Tensor": "from torch import Tensor",
    "grad": "from torch.func import grad",
    "grad_and_value": "from torch.func import grad_and_value",
}
_GENERATORS = "self, generators: Sequence[torch.Generator]"

Lines = Iterator[Line[Block]]


@dataclass(frozen=True)
class Printed:
    """The module's text, and the block behind every line of it, where there is one."""

    text: str
    owners: tuple[Block | None, ...]


def print_module(program: Program) -> Printed:
    """The text of a program."""
    body = list(laid_out(_body(program)))
    text = "\n".join(line.text for line in body)
    used = names_used(text)
    head = "\n".join(_head(program, used))
    owners = [None] * (head.count("\n") + 1)
    return Printed(f"{head}\n{text}\n", (*owners, *(line.owner for line in body)))


def _head(program: Program, used: set[str]) -> Iterator[str]:
    c = program.choices
    declaration = c.take(data).declaration
    named = used | {value for value in declaration.values() if value.isidentifier()}
    for name, (value, _) in reversed(c.constants.items()):  # a constant is made of those before it
        named |= names_used(value) if name in named else set()
    constants = [
        f"{name} = {value}" + (f"  # {comment}" if comment else "")
        for name, (value, comment) in c.constants.items()
        if name in named
    ]
    kind = c.take(data).kind
    declared = [f"DATA = {kind}(", *(f"    {name}={value}," for name, value in declaration.items()), ")"]
    needed = (used | named | {kind}) - c.constants.keys()
    imports = {line for name, line in _STANDARD.items() if name in needed}
    library = exports() | c.operators
    imports |= {f"from {module} import {name}" for name, module in library.items() if name in needed}
    yield from (*_header(program), "", order_imports(imports), "", *constants, "", *declared, "", "")


def _header(program: Program) -> Iterator[str]:
    c = program.choices
    of, found = c.take(data), c.take(critic)
    axes = ["S seeds"]
    axes += ["N environments of a seed"] if of.rollouts or of.environments > 1 else []
    axes += ["E critics"] if found.network == "q" else []
    axes += ["n stored steps"] if of.phased else []
    if found.fitted or not c.take(whole):
        axes.append("B windows" if of.windows else "B batch")
    axes += ["T steps of a window"] if of.windows else []
    drawn = [shape for block in c.blocks for _, shape in block.noise]
    axes += ["M actions drawn at a state"] if any(len(shape) > 2 and shape[0].isdigit() for shape in drawn) else []
    axes += ["O observations", "A actions", "P parameters"]
    control = {"nonparametric": "EM", "pi_theta": "KL"}[c.base("pi_q")]
    parts = [
        f"{c.row.name}: {control} control, emitted by taxon from its row.",
        ", ".join(f"{path} = {cell}" for path, cell in cells(c.row).items()),
        c.row.doc,
        f"Shapes: {', '.join(axes)}. Every tensor of the state leads with S.",
        "\n".join(
            f"{path} = {choice.key} is of the package {choice.package}." for path, choice in choices_from_outside(c.row)
        ),
    ]
    yield '"""' + "\n\n".join(filter(None, map(docstring, parts)))
    yield '"""'


def _plain(*lines: str) -> Lines:
    return (Line(line) for line in lines)


def _body(program: Program) -> Lines:
    c = program.choices
    yield from _state(program)
    yield from _memory_type(program)
    for placed in program.functions:
        if placed.function.batch and not _shares_batch(program, placed):
            yield from _batch(program, placed)
    if program.noise:
        of = " of the policy" if c.take(data).phased else ""
        yield from _plain("", "class Noise(NamedTuple):", f'    """The standard normal draws of one update{of}."""', "")
        for name, shape in program.noise.items():
            yield Line(f"    {name}: Tensor  # [S, {', '.join(shape).replace('self.actions', 'A')}]")
    yield from _helpers(program)
    yield from _agent(program)


def _shares_batch(program: Program, placed: Placed) -> bool:
    """Whether an earlier function declares the minibatch."""
    same = [other for other in program.functions if other.function.batch == placed.function.batch]
    return same[0] is not placed


def _state(program: Program) -> Lines:
    yield from _plain("class State(NamedTuple):", '    """All that training changes."""', "")
    for each in program.fields:
        yield Line(f"    {each.name}: {each.kind}" + (f"  # {each.shape}" if each.shape else ""))


def _memory_type(program: Program) -> Lines:
    fields = program.choices.memory
    nothing = "" if fields else ": nothing"
    doc = f'    """What acting keeps from step to step of an episode{nothing}."""'
    yield from _plain("", "class Memory(NamedTuple):", doc, "")
    yield from (Line(f"    {each.name}: Tensor  # {each.shape}") for each in fields)


def _batch(program: Program, placed: Placed) -> Lines:
    name, of = placed.function.batch, program.choices.take(data)
    collected = program.choices.data.values()
    shapes = {column.name: column.shape for column in collected} | COMPUTED
    columns = {column for other in program.functions if other.function.batch == name for column in other.columns}
    axes = "[S, n" if placed.function.whole else "[S, B, T" if of.windows else "[S, B"
    steps = "All stored steps" if placed.function.whole else "Windows of stored steps" if of.windows else "Stored steps"
    old = program.choices.take(family).all("old_")
    computed = ", and what was computed of them" if columns - {column.name for column in collected} else ""
    yield from _plain("", f"class {name}(NamedTuple):", f'    """{steps}{computed}."""', "")
    for column in sorted(columns, key=lambda column: (ranked(COLUMNS, column), column)):
        shape = shapes.get(column, "A" if column in old else "")
        yield Line(f"    {column}: Tensor  # {axes}{', ' + shape if shape else ''}]")


def _helpers(program: Program) -> Lines:
    """Functions beside the agent, where something reads them."""
    text = "\n".join(line for placed in program.functions for line, _ in placed.lines)
    if "windows(" in text:
        yield from _plain(
            "",
            "def windows(x: Tensor) -> Tensor:",
            '    """[S, B T] -> [S, B, T]."""',
            "    return x.unflatten(1, (BATCH, LENGTH))",
        )
    if "by_group(" in text:
        doc = '    """One number of every environment, [S, N] -> [S, G, K]: the K of a group began alike."""'
        yield from _plain(
            "", "def by_group(x: Tensor) -> Tensor:", doc, "    return x.unflatten(1, (ENVIRONMENTS // GROUP, GROUP))"
        )

    for code in program.choices.helpers.values():
        yield from _plain("", *code.splitlines())


def _agent(program: Program) -> Lines:
    c, made = program.choices, program.choices.take(family)
    finite = bool(made.log_all)
    what = "choices" if finite else "numbers"
    columns = ", ".join(f'"{each.column.name}": {_tuple(each.axes)}' for each in c.stored)
    yield from _plain(
        "",
        "class Agent:",
        f'    """Networks, acting and updates for observations of one layout and `action` {what}."""',
        "",
        f"    discrete = {finite}",
        "",
        "    def __init__(self, observation: Observation, action: int) -> None:",
        "        self.observations, self.actions = flat_size(observation), action",
    )
    for attribute in c.attributes:
        yield from _plain(*(f"        {line}" for line in attribute.splitlines()))
    kind = "dict[str, tuple[int, ...]]"
    yield Line(f"        self.columns: {kind} = {{{columns}}}  # what `act` adds to a stored step")
    yield from _phases(program)
    yield from _init(program)
    yield from _memory(program)
    acting = ("observe", "normalise")
    for name in acting:
        yield from _named(program, name)
    yield from _act_noise(program)
    yield from _named(program, "act")
    yield from _named(program, "act_mean")
    yield from _act_random(program)
    if program.noise:
        yield from _noise(program)
    skipped = {*acting, "act", "act_mean"}
    for placed in program.functions:
        if placed.function.name not in skipped:
            yield from _function(program, placed)


def _named(program: Program, name: str) -> Lines:
    placed = program.placed(name)
    return _function(program, placed) if placed else iter(())


def _phases(program: Program) -> Lines:
    order, text = program.schedule, []
    for phase in order.phases:
        update = program.placed(phase.update)
        draws = bool(program.noise) and update is not None and "{noise}" in update.function.signature
        noise = f"self.{order.noise}" if draws else "no_noise"
        whole_ = ", whole=True" if phase.whole else ""
        arguments = f'"{phase.name}", {phase.updates}, {phase.batch}, {phase.refresh}, {noise}, self.{phase.update}'
        text.append(f"Phase({arguments}{whole_}{phase.more})")
    if len(text) == 1 and len(text[0]) <= 95:
        yield Line(f"        self.phases = ({text[0]},)")
        return
    yield from _plain("        self.phases = (", *(f"            {phase}," for phase in text), "        )")


def _init(program: Program) -> Lines:
    yield from _plain(
        "",
        f"    def init({_GENERATORS}) -> State:",
        '        """A fresh state, one generator for each seed."""',
    )
    yield Line("        return State(")
    yield from (Line(f"            {each.name}={each.init},") for each in program.fields)
    yield Line("        )")


def _tuple(axes: tuple[str, ...]) -> str:
    return f"({', '.join(axes)}{',' * (len(axes) == 1)})"


def _memory(program: Program) -> Lines:
    values = [f"{each.name}={each.init}" for each in program.choices.memory]
    yield from _plain(
        "",
        "    def memory(self, seeds: int, environments: int, device: torch.device) -> Memory:",
        '        """The memory at an episode\'s start, for every environment."""',
        f"        return Memory({', '.join(values)})",
    )


def _act_noise(program: Program) -> Lines:
    made = program.choices.take(family)
    axes = ", ".join(made.noise_axes)
    kind = {"standard_normal": "standard normal"}.get(made.noise, made.noise)
    shown = axes.replace("self.actions", "A")
    yield from _plain(
        "",
        f"    def act_noise({_GENERATORS}, environments: int, device: torch.device) -> Tensor:",
        f'        """What `act` reads: {kind} draws [S, N, {shown}], a generator for each seed."""',
        f"        return {made.noise}(generators, environments, {axes}, device=device)",
    )


def _act_random(program: Program) -> Lines:
    finite, stored = bool(program.choices.take(family).log_all), program.choices.stored
    what, box = ("choices, one-hot", "") if finite else ("actions", " in [-1, 1)")
    added = "".join(f", {each.column.name} [{each.column.axes('S, N')}]" for each in stored)
    yield from _plain(
        "",
        "    def act_random(self, uniform: Tensor) -> dict[str, Tensor]:",
        f'        """Uniform {what}: uniform in [0, 1), [S, N, A] -> action [S, N, A]{box}{added}."""',
        f"        action = {'mode(uniform)' if finite else '2 * uniform - 1'}",
    )
    yield from (Line(f"        {each.column.name} = {each.random}") for each in stored)
    columns = "".join(f', "{each.column.name}": {each.column.name}' for each in stored)
    yield Line(f'        return {{"action": action{columns}}}')


def _noise(program: Program) -> Lines:
    yield from _plain(
        "",
        f"    def {program.schedule.noise}({_GENERATORS}, device: torch.device) -> Noise:",
        f'        """{program.schedule.doc}, a generator for each seed."""',
        "        return Noise(",
    )
    for name, shape in program.noise.items():
        yield Line(f"            {name}=standard_normal(generators, {', '.join(shape)}, device=device),")
    yield Line("        )")


def _function(program: Program, placed: Placed) -> Lines:
    f = placed.function
    if f.returns == "-" and (not placed.lines or (f.name in _CALLED and not _calls(program, f.name))):
        return
    noise = "Noise" if program.noise else "tuple[()]"
    left = _left(program) if f.columns else []
    doc = (
        f"{f.doc.removesuffix('.')}: {', '.join(dict.fromkeys(_LEFT.get(name, _ACTED) for name in left))}."
        if left
        else f.doc
    )
    yield from _plain("", f"    def {f.name}({f.signature.format(noise=noise)}", f'        """{doc}"""')
    yield from (Line(f"        {line}") for line in f.head)
    if f.counter:
        yield Line(f"        updates = state.{f.counter} + 1")
    if f.draws:
        yield from _drawn_inside(program, placed)
    for line, owner in placed.lines:
        yield Line(f"        {line}" if line else "", owner)
    if f.columns:
        given = ", ".join(f'"{name}": {name}' for name in left)
        yield Line(f"        return {{{given}}}")
    elif f.returns == "return state" and not placed.lines:
        yield Line("        return state")
    elif f.returns and f.returns != "-":
        yield Line(f"        {f.returns.replace('{memory}', placed.memory)}")
    elif not f.returns:
        yield from _result(placed)


_CALLED = ("q_all", "q", "v")  # methods that stand where they are called


def _calls(program: Program, name: str) -> bool:
    """Whether a line of the agent calls a method."""
    lines = [line for placed in program.functions for line, _ in placed.lines]
    lines += [placed.function.returns for placed in program.functions]
    return any(f"self.{name}(" in line for line in lines)


_LEFT = {"target": "targets", "advantage": "advantages", "returns": "returns", "weight": "weights"}
_ACTED = "the policy that acted"


def _left(program: Program) -> list[str]:
    """The columns that functions on minibatches read of those that are computed of all data."""
    read = {column for other in program.functions if other.function.batch for column in other.columns}
    computed = read - {column.name for column in program.choices.data.values()}
    return sorted(computed, key=lambda name: (ranked(tuple(_LEFT), name), name))


def _drawn_inside(program: Program, placed: Placed) -> Lines:
    steps = program.choices.take(data).steps
    yield Line("        n = batch.reward.shape[1]")
    for block in placed.blocks:
        for name, shape in block.noise:
            axes = ", ".join("n" if axis == steps else axis for axis in shape)
            yield Line(f"        {name}_noise = standard_normal(generators, {axes}, device=batch.reward.device)")


def _result(placed: Placed) -> Lines:
    """The new state and the metrics."""
    f = placed.function
    metrics = ", ".join(f'"{name}": {text}' for name, text in placed.metrics)
    changed = ", ".join(f"{name}={name}" for name in placed.changed)
    if not f.counter:
        yield Line(f"        return state._replace({changed}), {{{metrics}}}")
        return
    state = f"state = state._replace({changed}{', ' if changed else ''}{f.counter}=updates)"
    before = "metrics | " if f.joins else ""
    if len(placed.metrics) <= 2 and not before:
        yield from _plain("", f"        {state}", f"        return state, {{{metrics}}}")
        return
    yield from _plain("", f"        metrics = {before}{{")
    yield from (Line(f'            "{name}": {text},') for name, text in placed.metrics)
    yield from _plain("        }", f"        {state}", "        return state, metrics")
