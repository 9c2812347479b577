"""From a row to a program: choices add blocks, a schedule places them in functions, their symbols order them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from taxon.compiler.block import Block, ContractError, Field, Names, Step, analyse
from taxon.compiler.blocks.control import choose
from taxon.compiler.blocks.data import data
from taxon.compiler.blocks.estimate import estimate
from taxon.compiler.choices import Choices
from taxon.compiler.schedules import Function, Schedule, acting, critics, schedule
from taxon.compiler.symbols import DATA, FIELDS, METRICS, NOISE, STAGES, ranked
from taxon.taxonomy.row import Row

Line = tuple[str, Block | None]


@dataclass
class Placed:
    """A function with its lines, and what they read of the data."""

    function: Function
    blocks: list[Block] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    columns: set[str] = field(default_factory=set)
    metrics: list[tuple[str, str]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


@dataclass
class Program:
    """All that a module says: what is printed, and what is derived."""

    choices: Choices
    schedule: Schedule
    functions: list[Placed]
    fields: list[Field]
    noise: dict[str, tuple[str, ...]]
    stored: bool  # acting adds the density of its actions to the data

    def placed(self, name: str) -> Placed | None:
        return next((placed for placed in self.functions if placed.function.name == name), None)


def assemble(row: Row) -> Program:
    """The program of a row that `check_row` accepts.

    Raises:
        ContractError: a choice of the row has no block, or the blocks of the row do not fit together.
    """
    c = Choices(row)
    c.refuse_unregistered()
    choose(c)
    order, stored = schedule(c), c.take(estimate).traced
    functions = (*acting(c, stored), *critics(c), *order.functions)
    c.refuse_unread()
    _one_place(c, functions)
    counters = dict.fromkeys(f.counter for f in functions if f.counter)
    zero = "torch.zeros(len(generators), dtype=torch.int64)"
    fields = [*c.fields, *(Field(name, "[S]", zero) for name in counters)]
    fields.sort(key=lambda each: ranked(FIELDS, _base(each.name)))
    program = Program(c, order, [], fields, {}, stored)
    left = {name for block in c.blocks if block.part == "columns" for name in block.writes}
    left |= {"target"} if c.take(data).phased else set()
    program.functions = [_place(program, function, left) for function in functions]
    _no_idle(program)
    drawn = dict(n for placed in program.functions if not placed.function.draws for b in placed.blocks for n in b.noise)
    program.noise = {name: drawn[name] for name in sorted(drawn, key=lambda name: ranked(NOISE, name))}
    return program


def _base(name: str) -> str:
    """The field that a memory or a lagged copy belongs to."""
    for end in ("_target", "_moments", "_velocity"):
        name = name.removesuffix(end)
    return name


def _one_place(c: Choices, functions: tuple[Function, ...]) -> None:
    """Every block stands in a function."""
    parts = {part for function in functions for part in function.parts} | {"inputs", "density", "lag.policy"}
    for block in c.blocks:
        if block.part not in parts:
            raise ContractError(
                f"no function holds the part {block.part}, which {', '.join(block.writes)} is written in"
            )


def _place(program: Program, function: Function, left: set[str]) -> Placed:
    """The blocks of one function in the order of their symbols, as lines."""
    c, placed = program.choices, Placed(function)
    parts = ("inputs", *function.parts)
    blocks = [block for block in c.blocks if block.part in function.parts and not block.anywhere]
    pool = [block for block in c.blocks if block.part in parts and block.anywhere]
    given = set(function.given)
    if not function.parts:
        return placed
    returned = _names(function.returns) if function.returns != "-" else set()
    if function.columns:
        returned |= _crossing(program, left)
    while True:  # blocks that stand anywhere join where they are read
        wanted = {name for block in blocks for name in _outside(block, blocks)} | returned
        wanted -= {name for block in blocks if not block.within for name in block.writes} | given
        more = [block for block in pool if block not in blocks and set(block.writes) & wanted]
        if not more:
            break
        blocks += more
    composed = [_compose(block, blocks) if block.step else block for block in blocks if not block.within]
    ordered = _sorted(composed, parts, c, function)
    written = {name for block in ordered for name in block.writes}
    names = _resolved(program, placed, ordered, written, left)
    aliases = [block for block in ordered if block.alias in names]  # of what has a name in this function already
    names |= {block.writes[0]: names[block.alias] for block in aliases}
    ordered = [block for block in ordered if block not in aliases]
    previous = ""
    for block in ordered:
        kind = {"target": "estimate"}.get(block.part, block.part.partition(".")[0])
        if previous and kind != previous:
            placed.lines.append(("", None))
        previous = kind
        placed.lines += _lines(block, names, function, [b for b in blocks if b.within == _field(block)])
    placed.blocks = blocks
    terms = [block for block in blocks if block.within]
    inside = {
        block.within: {name for term in terms if term.within == block.within for name in term.writes} for block in terms
    }
    for block in [*ordered, *terms]:
        local = inside.get(block.within, set())
        outside = {name: text for name, text in names.items() if name not in local}
        placed.metrics += [(name, "\n".join(_called(text, analyse(text), outside))) for name, text in block.metrics]
    placed.metrics.sort(key=lambda metric: ranked(METRICS, metric[0]))
    fields = {each.name for each in program.fields}
    changed = [name for block in ordered for name in block.writes if name in fields and function.data == "batch"]
    placed.changed = list(dict.fromkeys(changed))
    return placed


def _field(block: Block) -> str:
    return block.step.field if block.step else "-"


def _names(text: str) -> set[str]:
    """The names that a line reads."""
    code = text.removeprefix("return ")
    return {name for name, _, _ in analyse(code).loads} if code else set()


def _outside(block: Block, blocks: list[Block]) -> set[str]:
    """What a block reads from outside its scope."""
    if not block.within:
        return set(block.reads)
    inside = {name for other in blocks if other.within == block.within for name in other.writes} | {block.within}
    return set(block.reads) - inside


def _crossing(program: Program, left: set[str]) -> set[str]:
    """The columns that functions on minibatches read."""
    c = program.choices
    later = {part for f in program.schedule.functions if f.data == "batch" and f.batch for part in f.parts} | {"inputs"}
    reading = [block for block in c.blocks if block.part in later]
    computed = {name for block in reading if not block.within for name in block.writes if block.part != "columns"}
    read = {name for block in reading for name in _outside(block, reading)} - computed
    return read & (left - {"target"} | ({"target"} if c.take(data).rollouts else set()))


def _compose(step: Block, blocks: list[Block]) -> Block:
    """An optimiser's step: what the loss of its field reads and, beside the field, what leaves the loss."""
    made = step.step or Step("", "", "", "")
    terms = [block for block in blocks if block.within == made.field]
    if not any("loss" in block.writes and not block.stage for block in terms):
        raise ContractError(f"nobody writes the loss of {made.field}")
    inner = {name for term in terms for name in term.writes} - {"loss"}
    outer = {name for block in blocks if not block.within for name in block.writes}
    read = {name for block in blocks if not block.within and block is not step for name in block.reads}
    shown = {name for term in terms for _, text in term.metrics for name in _names(text)}
    leaving = sorted(inner & ((read - outer) | shown), key=[n for term in terms for n in term.writes].index)
    return replace(step, writes=(*step.writes, *leaving))


def _chain(blocks: list[Block], name: str) -> list[Block]:
    """Who writes a symbol and who reworks it, in order."""
    found = [block for block in blocks if name in block.writes and (not block.stage or block.writes[0] == name)]
    writers = [block for block in found if not block.stage]
    if len(writers) > 1:
        raise ContractError(f"two blocks write {name}")
    stages = STAGES.get(name, ())
    later = [block for block in found if block.stage]
    if unknown := [block.stage for block in later if block.stage not in stages]:
        raise ContractError(f"{name} has no stage {unknown[0]}")
    if len({block.stage for block in later}) < len(later):
        raise ContractError(f"two blocks rework {name} at one stage")
    return writers + sorted(later, key=lambda block: stages.index(block.stage))


def _sorted(blocks: list[Block], parts: tuple[str, ...], c: Choices, function: Function) -> list[Block]:
    """By part, and within what the symbols demand in the order in which choices added them."""
    chains = {name: _chain(blocks, name) for block in blocks for name in block.writes}
    terms: dict[str, set[str]] = {}
    for block in blocks:
        if block.step:
            inside = [b for b in c.blocks if b.within == block.step.field and b.part in parts]
            terms[block.step.field] = {name for b in inside for name in _outside(b, inside)}
    after: dict[int, set[int]] = {}
    for block in blocks:
        needs: set[int] = set()
        for name in set(block.reads) | terms.get(_field(block), set()):
            chain = chains.get(name, [])
            if block in chain:
                chain = chain[: chain.index(block)]
            if chain and chain[-1] is not block:
                needs.add(id(chain[-1]))
        after[id(block)] = needs
    added = {id(block): c.blocks.index(block) if block.part == "inputs" else k for k, block in enumerate(blocks)}
    rank = {id(block): (parts.index(block.part), added[id(block)]) for block in blocks}
    ordered: list[Block] = []
    while len(ordered) < len(blocks):
        done = {id(block) for block in ordered}
        ready = [block for block in blocks if id(block) not in done and after[id(block)] <= done]
        if not ready:
            circle = ", ".join(sorted({name for b in blocks if id(b) not in done for name in b.writes}))
            raise ContractError(f"{circle} of {function.name} read each other")
        ordered.append(min(ready, key=lambda block: rank[id(block)]))
    return ordered


def _resolved(
    program: Program, placed: Placed, ordered: list[Block], written: set[str], left: set[str]
) -> dict[str, str]:
    """What the symbols are called that come from outside the function."""
    c, function = program.choices, placed.function
    names = dict(function.given)
    fields = {each.name for each in program.fields}
    inside = [b for b in c.blocks if b.part in function.parts and b.within]
    read = {name for block in ordered for name in block.reads}
    read |= {name for block in inside for name in _outside(block, inside)}
    for name in sorted(read - written - names.keys() - c.constants.keys() - c.helpers.keys()):
        if name in left and function.batch and name not in DATA:
            names[name] = f"{function.data}.{name}"
            placed.columns.add(name)
        elif name in DATA and function.data:
            names[name] = f"{function.data}.{DATA[name].name}"
            placed.columns.add(DATA[name].name)
        elif name in fields:
            names[name] = f"state.{name}"
        else:
            raise ContractError(f"nobody writes {name}, which is read in {function.name}")
    return names


def _lines(block: Block, names: dict[str, str], function: Function, terms: list[Block]) -> list[Line]:
    """A block as the lines that are printed, each with the block that brings it."""
    if block.step is None:
        return [(line, block) for line in _renamed(block, names, function)]
    step, lines = block.step, []
    inner = {name for term in terms for name in term.writes} | {step.field}
    outer = {name: text for name, text in names.items() if name not in inner}
    ordered = _chain(terms, "loss")
    leaving = list(block.writes[2:])
    returned = ", ".join(["loss", *leaving])
    kind = "tuple[Tensor, ...]" if leaving else "Tensor"
    doc = "".join(term.doc for term in ordered)
    lines += [("", None), (f"def {step.loss}({step.field}: Tensor) -> tuple[Tensor, {kind}]:", block)]
    lines.append((f'    """{doc.removesuffix(".")}."""', block))
    for term in ordered:
        lines += [(f"    {line}" if line else "", term) for line in _renamed(term, outer, function)]
    lines += [(f"    return loss.sum(), {f'({returned})' if leaving else returned}", block), ("", None)]
    left = f"({', '.join([step.cost, *leaving])})" if leaving else step.cost
    call = f"grad_and_value({step.loss}, has_aux=True)(state.{step.field})"
    lines.append((f"{step.field}_gradient, (_, {left}) = {call}", block))
    return [*lines, (step.lines, block)]


def _renamed(block: Block, names: dict[str, str], function: Function) -> list[str]:
    """The lines of a block with its symbols called what they are called in this function."""
    more = []
    for whose, name, line, column in block.names.attributes:
        if whose == "noise" and function.draws:
            more.append((line, column, f"noise.{name}", f"{name}_noise"))
        if whose == "state" and function.before and block.part in ("estimate", "target"):
            more.append((line, column, "state", "before"))
    return _called(block.code, block.names, names, more)


def _called(
    code: str, found: Names, names: dict[str, str], more: Sequence[tuple[int, int, str, str]] = ()
) -> list[str]:
    """The lines of a text with its symbols called what they are called in a function.

    `more` is what else is replaced: line, column, text before and after.
    """
    lines = code.splitlines()
    changes = [(line, column, name, names[name]) for name, line, column in found.loads if name in names]
    for number, column, name, text in sorted([*changes, *more], reverse=True):
        before = lines[number - 1]
        lines[number - 1] = before[:column] + text + before[column + len(name) :]
    return lines


def _no_idle(program: Program) -> None:
    """Somebody reads what a block writes, or it is a field, a result or a metric."""
    fields = {each.name for each in program.fields}
    read = {name for block in program.choices.blocks for name in block.reads}
    for placed in program.functions:
        read |= _names(placed.function.returns) if placed.function.returns not in ("-", "") else set()
    for block in program.choices.blocks:
        useful = (
            block.anywhere or block.metrics or block.step or not block.writes or block.part in ("density", "columns")
        )
        if not useful and not set(block.writes) & (read | fields | {"loss"}):
            raise ContractError(f"nobody reads {', '.join(block.writes)}")
