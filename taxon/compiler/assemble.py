"""From a row to a program: choices add blocks, a schedule places them in functions, their symbols order them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from taxon.compiler.block import Block, ContractError, Field, Names, Step, analyse
from taxon.compiler.blocks.control import choose
from taxon.compiler.blocks.data import data
from taxon.compiler.blocks.optimizer import optimiser
from taxon.compiler.choices import Choices
from taxon.compiler.function import Function
from taxon.compiler.packages import broken
from taxon.compiler.schedules import Schedule, acting, critics, schedule
from taxon.compiler.symbols import FIELDS, LAG, METRICS, NOISE, ROLES, ranked, stages_of
from taxon.taxonomy.schema import Row

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
    memory: str = "memory"  # the memory after the function


@dataclass
class Program:
    """All that a module says: what is printed, and what is derived."""

    choices: Choices
    schedule: Schedule
    functions: list[Placed]
    fields: list[Field]
    noise: dict[str, tuple[str, ...]]

    def placed(self, name: str) -> Placed | None:
        return next((placed for placed in self.functions if placed.function.name == name), None)


def assemble(row: Row) -> Program:
    """The program of a row that `check_row` accepts.

    Raises:
        ContractError: a choice of the row has no block, or the blocks of the row do not fit together.
    """
    c = Choices(row)
    try:
        return _assembled(c)
    except ContractError:
        raise
    except Exception as error:
        if not c.packages:
            raise
        raise broken(c.packages, error) from error


def _assembled(c: Choices) -> Program:
    c.refuse_unregistered()
    choose(c)
    order = schedule(c)
    functions = (*acting(c), *critics(c), *c.methods, *order.functions)
    c.refuse_unread()
    _one_place(c, functions)
    counters = dict.fromkeys(f.counter for f in functions if f.counter)
    zero = "torch.zeros(len(generators), dtype=torch.int64)"
    fields = [*c.fields, *(Field(name, "[S]", zero) for name in counters)]
    names = (*ROLES, *(name for name in c.roles if name not in ROLES), *FIELDS)
    fields.sort(key=lambda each: ranked(names, each.name))
    program = Program(c, order, [], fields, {})
    left = {name for block in c.blocks if block.part == "columns" for name in block.writes}
    left |= {"target"} if c.take(data).phased else set()
    program.functions = [_place(program, function, left) for function in functions]
    _no_idle(program)
    drawn = dict(n for placed in program.functions if not placed.function.draws for b in placed.blocks for n in b.noise)
    program.noise = {name: drawn[name] for name in sorted(drawn, key=lambda name: ranked(NOISE, name))}
    return program


def _one_place(c: Choices, functions: tuple[Function, ...]) -> None:
    """Every block stands in a function."""
    parts = {part for function in functions for part in function.parts} | {"inputs", "lag.policy"}
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
        wanted = {name for block in blocks for name in _outside(c, block, blocks)} | returned
        wanted -= {name for block in blocks if not block.within for name in block.writes} | given
        more = [block for block in pool if block not in blocks and set(block.writes) & wanted]
        if not more:
            break
        blocks += more
    composed = [_compose(c, block, blocks) if block.step else block for block in blocks if not block.within]
    ordered = _sorted(composed, parts, c, function)
    # What is only reworked here was written before: it is the state's.
    written = {name for block in ordered for name in (block.writes[1:] if block.stage else block.writes)}
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
    kept = [each.name for each in c.memory if each.name in written]
    if kept:
        placed.memory = f"memory._replace({', '.join(f'{name}={name}' for name in kept)})"
    return placed


def _field(block: Block) -> str:
    return block.step.field if block.step else "-"


def _names(text: str) -> set[str]:
    """The names that a line reads."""
    code = text.removeprefix("return ").replace("{memory}", "memory")
    return {name for name, _, _ in analyse(code).loads} if code else set()


def _outside(c: Choices, block: Block, blocks: list[Block]) -> set[str]:
    """What a block reads from outside its scope."""
    if not block.within:
        return set(block.reads)
    inside = {name for other in blocks if other.within == block.within for name in other.writes}
    return set(block.reads) - inside - {block.within, *_sharing(c, block.within)}


def _sharing(c: Choices, field: str) -> tuple[str, ...]:
    """The further roles that the loss of a field trains."""
    return tuple(role.name for role in c.roles.values() if role.trained_by == field)


def _crossing(program: Program, left: set[str]) -> set[str]:
    """The columns that functions on minibatches read."""
    c = program.choices
    later = {part for f in program.schedule.functions if f.data == "batch" and f.batch for part in f.parts} | {"inputs"}
    reading = [block for block in c.blocks if block.part in later]
    computed = {name for block in reading if not block.within for name in block.writes if block.part != "columns"}
    read = {name for block in reading for name in _outside(c, block, reading)} - computed
    return read & (left - {"target"} | ({"target"} if c.take(data).rollouts else set()))


def _compose(c: Choices, step: Block, blocks: list[Block]) -> Block:
    """An optimiser's step: of its field, of the roles that its loss trains as well, and what else leaves the loss."""
    made = step.step or Step("", "", "", "", "")
    shared = _sharing(c, made.field)
    steps = (optimiser(c, c.roles[name].optimiser).step(name, f"{name}_gradient") for name in shared)
    lines = [made.lines, *steps]
    terms = [block for block in blocks if block.within == made.field]
    if not any("loss" in block.writes and not block.stage for block in terms):
        raise ContractError(f"no block writes the loss of {made.field}")
    inner = {name for term in terms for name in term.writes} - {"loss"}
    outer = {name for block in blocks if not block.within for name in block.writes}
    read = {name for block in blocks if not block.within and block is not step for name in block.reads}
    shown = {name for term in terms for _, text in term.metrics for name in _names(text)}
    leaving = sorted(inner & ((read - outer) | shown), key=[n for term in terms for n in term.writes].index)
    also = tuple(c.roles[name].now for name in shared)
    made = replace(made, lines="\n".join(lines), shared=shared, also=also, leaving=tuple(leaving))
    return replace(step, writes=(*step.writes, *shared, *leaving), step=made)


def _chain(blocks: list[Block], name: str) -> list[Block]:
    """Who writes a symbol and who reworks it, in order."""
    found = [block for block in blocks if name in block.writes and (not block.stage or block.writes[0] == name)]
    writers = [block for block in found if not block.stage]
    if len(writers) > 1:
        raise ContractError(f"two blocks write {name}")
    stages = stages_of(name)
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
            terms[block.step.field] = {name for b in inside for name in _outside(c, b, inside)}
    after: dict[int, set[int]] = {}
    for block in blocks:
        needs: set[int] = set()
        for name in set(block.reads) | terms.get(_field(block), set()):
            chain = chains.get(name, [])
            # a copy that follows changes nothing for what reads the parameters
            before = [each for each in chain if each.stage != LAG]
            chain = chain[: chain.index(block)] if block in chain else before
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
    read |= {name for block in inside for name in _outside(c, block, inside)}
    for name in sorted(read - written - names.keys() - c.constants.keys() - c.helpers.keys()):
        if name in left and function.batch and name not in c.data:
            names[name] = f"{function.data}.{name}"
            placed.columns.add(name)
        elif name in c.data and function.data:
            names[name] = f"{function.data}.{c.data[name].name}"
            placed.columns.add(c.data[name].name)
        elif name in fields:
            names[name] = f"state.{name}"
        else:
            raise ContractError(f"no block writes {name}, which is read in {function.name}")
    return names


def _lines(block: Block, names: dict[str, str], function: Function, terms: list[Block]) -> list[Line]:
    """A block as the lines that are printed, each with the block that brings it."""
    if block.step is None:
        return [(line, block) for line in _renamed(block, names, function)]
    step, lines = block.step, []
    trained, leaving = (step.field, *step.shared), step.leaving
    inner = {name for term in terms for name in term.writes} | {*trained}
    outer = {name: text for name, text in names.items() if name not in inner}
    chain = _chain(terms, "loss")
    ordered = [*(term for term in terms if term not in chain), *chain]
    returned = ", ".join(["loss", *leaving])
    kind = "tuple[Tensor, ...]" if leaving else "Tensor"
    doc = "".join(term.doc for term in ordered)
    given = ", ".join(f"{name}: Tensor" for name in trained)
    lines += [("", None), (f"def {step.loss}({given}) -> tuple[Tensor, {kind}]:", block)]
    lines.append((f'    """{doc.removesuffix(".")}."""', block))
    for term in ordered:
        lines += [(f"    {line}" if line else "", term) for line in _renamed(term, outer, function)]
    lines += [(f"    return loss.sum(), {f'({returned})' if leaving else returned}", block), ("", None)]
    left = f"({', '.join([step.cost, *leaving])})" if leaving else step.cost
    gradients = ", ".join(f"{name}_gradient" for name in trained)
    several = ""
    if step.shared:
        gradients, several = f"({gradients})", f", argnums={tuple(range(len(trained)))}"
    call = f"grad_and_value({step.loss}{several}, has_aux=True)({', '.join((step.now, *step.also))})"
    lines.append((f"{gradients}, (_, {left}) = {call}", block))
    return [*lines, *((line, block) for line in step.lines.splitlines())]


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
    """Every role with an optimiser is trained; what a block writes is read, or it is a field, a result or a metric."""
    fields = {each.name for each in program.fields}
    read = {name for block in program.choices.blocks for name in block.reads}
    for placed in program.functions:
        read |= _names(placed.function.returns) if placed.function.returns not in ("-", "") else set()
    changed = {name for placed in program.functions for name in placed.changed}
    for role in program.choices.roles.values():
        if role.optimiser and role.name not in changed:
            raise ContractError(f"no loss trains the {role.name}")
    for block in program.choices.blocks:
        useful = block.anywhere or block.metrics or block.step or not block.writes or block.part == "columns"
        if not useful and not set(block.writes) & (read | fields | {"loss"}):
            raise ContractError(f"no block reads {', '.join(block.writes)}")
