"""A method of the emitted agent, as a schedule or a choice declares it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Function:
    """Which parts a method holds, what its data are called, and how it ends."""

    name: str
    signature: str  # {noise} stands for the type of an update's noise
    doc: str
    parts: tuple[str, ...] = ()
    data: str = ""
    batch: str = ""  # the NamedTuple of its data
    whole: bool = False
    counter: str = ""  # the field that counts its steps
    head: tuple[str, ...] = ()
    # The last line, where {memory} stands for the next memory; where there is none, the new state and the metrics.
    returns: str = ""
    given: dict[str, str] = field(default_factory=dict)  # symbols that are arguments, by the names that these have
    draws: bool = False  # its noise is drawn inside, for `n` steps
    columns: bool = False  # it returns the columns that other functions read
    before: bool = False  # the estimate reads the state before the critic's step
    joins: bool = False  # its metrics join those of the critic's step, which it begins with
