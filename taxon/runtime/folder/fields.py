"""What the fields of a run's record and of its checkpoint's index may hold: a stranger may have written them.

A reader of such a field takes it as it is, so that its range is here.
"""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from taxon.runtime.errors import UserError, one_line
from taxon.runtime.options import MOST_SEEDS, MOST_STEPS, parse_cadence


def _shown(text: str) -> str:
    if not text.isprintable():  # a terminal would obey it
        raise ValueError("it holds a character that cannot be shown")
    return text


def _time(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("it is a time of no zone")
    return text


def _once(seeds: list[int]) -> list[int]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("it names a seed twice")
    return seeds


def _cadence(text: str) -> str:
    try:
        parse_cadence(text, "save_every")
    except UserError as error:
        raise ValueError("it is neither a time nor a number of steps") from error
    return text


Compared = Annotated[str, Field(max_length=1_000), AfterValidator(_shown)]
Time = Annotated[Compared, AfterValidator(_time)]  # UTC, ISO 8601
Cadence = Annotated[Compared, AfterValidator(_cadence)]  # a time or a number of steps
RowName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=2**16)]  # as in a spec
PackageName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$", max_length=214)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")]
Device = Annotated[str, StringConstraints(pattern=r"^(cpu|mps|cuda(:[0-9]{1,3})?)$")]
Count = Annotated[int, Field(ge=0, le=MOST_STEPS)]
Several = Annotated[int, Field(ge=1, le=MOST_STEPS)]
Seed = Annotated[int, Field(ge=0, lt=10**20)]
Seeds = Annotated[list[Seed], Field(min_length=1, max_length=MOST_SEEDS), AfterValidator(_once)]
OfSeed = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")]  # a seed as a key


def first_of(error: ValidationError) -> str:
    """The first thing that is wrong, and where: `machine.threads: Input should be ...`."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{one_line(where, 100)}: {one_line(first['msg'].removeprefix('Value error, '))}"
