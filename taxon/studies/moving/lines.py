"""What travels of a run's metrics: its evaluations, and the last line of its speed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, ValidationError

from taxon.runtime.errors import UserError
from taxon.runtime.folder.fields import Count, Seed, first_of
from taxon.runtime.folder.logging import METRICS
from taxon.runtime.folder.run_folder import RunFolder
from taxon.runtime.options import MOST_EPISODES

_LARGEST = 256 * 2**20  # bytes: five hundred evaluations of a hundred seeds with ten episodes each are a tenth of it
_Episodes = Field(max_length=MOST_EPISODES)


class Evaluation(BaseModel):
    """A line of an evaluation, as `taxon.runtime.folder.logging` describes it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    kind: Literal["evaluation"]
    step: Count
    seed: Seed
    value: FiniteFloat | None = Field(alias="return")
    returns: Annotated[list[FiniteFloat | None], _Episodes] | None = None
    lengths: Annotated[list[Count], _Episodes] | None = None
    environment_steps: Count | None = None
    cut: Count | None = None


class Speed(BaseModel):
    """A line of a run's speed."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)
    kind: Literal["speed"]
    step: Count
    seconds: Annotated[FiniteFloat, Field(gt=0)]


_Line = TypeAdapter(Annotated[Evaluation | Speed, Field(discriminator="kind")])
_KINDS = (b'{"kind": "evaluation"', b'{"kind": "speed"')


def read(run: RunFolder) -> tuple[list[Evaluation], Speed | None]:
    """The evaluations of a run in their order, and how fast it was at last.

    Raises UserError where a line of theirs is none, or the file is larger than any run's.
    """
    evaluations: list[Evaluation] = []
    speed = None
    for number, line in enumerate(run.read(METRICS, _LARGEST).splitlines(), 1):
        if not line.startswith(_KINDS):
            continue
        try:
            found = _Line.validate_json(line)
        except ValidationError as error:
            message = f"{run.path / METRICS}, line {number}: {first_of(error)}"
            raise UserError(message, "restore the folder from a copy") from None
        if isinstance(found, Speed):
            speed = found
        else:
            evaluations.append(found)
    return evaluations, speed


def written(evaluations: Iterable[Evaluation], speed: Speed | None) -> bytes:
    """The same as the lines of a file."""
    found: list[BaseModel] = [*evaluations, *([] if speed is None else [speed])]
    return "".join(_spaced(each) + "\n" for each in found).encode()


def _spaced(line: BaseModel) -> str:
    """As a run writes it: who looks for lines of a kind goes by their first characters."""

    return json.dumps(line.model_dump(by_alias=True, exclude_defaults=True))
