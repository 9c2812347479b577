"""The spaces of a run's environment as run.json records them: enough to act in them without the environment.

Free of gymnasium and torch, since whoever lists runs reads them. A stranger may have written them: every size is
bounded here.
"""

import math
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from taxon.operators.observations import Array, Observation, flat_size, layout_text
from taxon.runtime.folder.fields import Compared

MOST_NUMBERS = 2**28  # of an observation: a gigabyte of float32
MOST_ACTIONS = 2**20  # numbers or choices
MOST_AXES = 32

Size = Annotated[int, Field(ge=0, le=MOST_NUMBERS)]
Whole = Annotated[int, Field(ge=-(2**63), lt=2**64)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Shape = Annotated[list[Size], Field(max_length=MOST_AXES)]
Dtype = Annotated[str, StringConstraints(pattern=r"^(bool|u?int(8|16|32|64)|float(16|32|64|96|128))$")]


class _Space(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Box(_Space):
    """An array of numbers."""

    kind: Literal["box"] = "box"
    shape: Shape
    dtype: Dtype

    def layout(self) -> Observation:
        return Array(tuple(self.shape), self.dtype)


class Choice(_Space):
    """One of `n`, counted from `start`."""

    kind: Literal["choice"] = "choice"
    n: Annotated[int, Field(ge=1, le=MOST_ACTIONS)]
    start: Whole
    dtype: Dtype

    def layout(self) -> Observation:
        return Array((self.n,), self.dtype)


class Choices(_Space):
    """An array of choices: of how many each, and from where each is counted."""

    kind: Literal["choices"] = "choices"
    shape: Shape
    n: Annotated[list[Annotated[int, Field(ge=1, le=MOST_ACTIONS)]], Field(max_length=MOST_ACTIONS)]
    start: Annotated[list[Whole], Field(max_length=MOST_ACTIONS)]
    dtype: Dtype

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not len(self.n) == len(self.start) == math.prod(self.shape):
            raise ValueError(f"{len(self.n)} counts and {len(self.start)} starts for {math.prod(self.shape)} choices")
        return self

    def layout(self) -> Observation:
        return Array((sum(self.n),), self.dtype)


class Bits(_Space):
    """An array of zeros and ones."""

    kind: Literal["bits"] = "bits"
    shape: Shape
    dtype: Dtype

    def layout(self) -> Observation:
        return Array((math.prod(self.shape),), self.dtype)


class Named(_Space):
    """Several spaces by their names, in the order in which a row holds them."""

    kind: Literal["named"] = "named"
    parts: Annotated[dict[Compared, "ObservationSpace"], Field(min_length=1, max_length=10_000)]

    def layout(self) -> Observation:
        return {name: part.layout() for name, part in self.parts.items()}


class Several(_Space):
    """Several spaces by their places."""

    kind: Literal["several"] = "several"
    parts: Annotated[list["ObservationSpace"], Field(min_length=1, max_length=10_000)]

    def layout(self) -> Observation:
        return tuple(part.layout() for part in self.parts)


ObservationSpace = Annotated[Box | Choice | Choices | Bits | Named | Several, Field(discriminator="kind")]


class BoxAction(_Space):
    """An array of numbers with bounds, one of each for all of them or one for each in the array's order."""

    kind: Literal["box"] = "box"
    shape: Shape
    dtype: Dtype
    low: Annotated[list[Whole | Finite], Field(min_length=1, max_length=MOST_ACTIONS)]
    high: Annotated[list[Whole | Finite], Field(min_length=1, max_length=MOST_ACTIONS)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        numbers = math.prod(self.shape)
        if not 1 <= numbers <= MOST_ACTIONS:
            raise ValueError(f"an action of {numbers:,} numbers")
        if {len(self.low), len(self.high)} - {1, numbers}:
            raise ValueError(f"{len(self.low)} and {len(self.high)} bounds for {numbers} numbers")
        return self

    @property
    def size(self) -> int:
        """A, the numbers of an action."""
        return math.prod(self.shape)

    def text(self) -> str:
        return layout_text(Array(tuple(self.shape), self.dtype))


class ChoiceAction(Choice):
    """One of `n` actions, counted from `start`."""

    @property
    def size(self) -> int:
        """A, the number of choices."""
        return self.n

    def text(self) -> str:
        return f"one of {self.n} from {self.start}"


ActionSpace = Annotated[BoxAction | ChoiceAction, Field(discriminator="kind")]


def check_size(space: ObservationSpace) -> ObservationSpace:
    """Raise ValueError where an observation has no numbers, or more than MOST_NUMBERS."""
    numbers = flat_size(space.layout())
    if not 1 <= numbers <= MOST_NUMBERS:
        raise ValueError(f"an observation of {numbers:,} numbers")
    return space
