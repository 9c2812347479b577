"""From a row to its derivation: the equations of its blocks, each with the lines that its block became."""

from __future__ import annotations

from collections.abc import Iterator

from taxon.compiler.assemble import Program, assemble
from taxon.compiler.block import Block, Section
from taxon.compiler.printing.module import Printed, print_module
from taxon.compiler.symbols import ranked
from taxon.derivation.places import Module, Place
from taxon.derivation.section import Derivation, Step
from taxon.semantics import leaf_text
from taxon.taxonomy.schema import Row
from taxon.taxonomy.table import cells

# In the order in which they are read; a section of another title comes last.
TITLES = (
    "Objective",
    "The policy",
    "The prior",
    "E-step",
    "The score G",
    "The weights",
    "M-step",
    "The ascent of the policy",
    "The divergence",
    "The temperature",
    "The dual of temperature and value",
    "The adaptive temperature",
    "The trust region",
    "The multipliers",
    "The value of the next state",
    "The trace",
    "The reward",
    "The target of G",
    "The loss of the critic",
    "What the critic reads",
    "The bounds of the actions",
    "Acting",
    "After the update",
    "What the encoder reads",
    "What the networks see",
    "The data",
)


def derive(row: Row) -> Derivation:
    """The equations of a row that `check_row` accepts, and where the module that `emit` prints computes each.

    Raises:
        ContractError: a choice of the row has no block.
    """
    program = assemble(row)
    printed = print_module(program)
    module = Module(printed.text)
    steps = []
    for section, block in sorted(sections(program), key=lambda found: ranked(TITLES, found[0].title)):
        choices = tuple(f"{path} = {leaf_text(row[path])}" for path in section.paths)
        found = (place for name in section.at for place in places(module, printed, name, block))
        steps.append(Step(section, choices, tuple(dict.fromkeys(found))))
    return Derivation(row.name, cells(row), tuple(steps))


def sections(program: Program) -> Iterator[tuple[Section, Block | None]]:
    """The equations of the program, each with its block; what stands outside all blocks has none."""
    for block in program.choices.blocks:
        yield from ((section, block) for section in block.sections)
    yield from ((section, None) for section in program.choices.sections)


def equations(row: Row, path: str) -> tuple[Section, ...]:
    """What a leaf of a row that `check_row` accepts decides: the sections that name it, or failing these a leaf below.

    Raises:
        ContractError: a choice of the row has no block.
    """
    found = [section for section, _ in sections(assemble(row))]
    named = [section for section in found if path in section.paths]
    below = [section for section in found if any(each.startswith(f"{path}.") for each in section.paths)]
    return tuple(sorted(named or below, key=lambda section: ranked(TITLES, section.title)))


def places(module: Module, printed: Printed, name: str, block: Block | None) -> tuple[Place, ...]:
    """Where a name is assigned or defined: by the block itself, by the step of its loss, or anywhere; of a part, its
    lines."""

    def own(line: int) -> bool:
        return printed.owners[line - 1] == block

    def step(line: int) -> bool:
        owner = printed.owners[line - 1]
        return owner is not None and owner.step is not None and owner.step.field == (block and block.within)

    def part(line: int) -> bool:
        owner = printed.owners[line - 1]
        return owner is not None and owner.part == name

    found = module.find(name, own) if block is not None else ()
    found = found or (module.find(name, step) if block is not None and block.within else ()) or module.find(name)
    return found or module.within(part)
