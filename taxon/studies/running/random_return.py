"""The return of a policy that acts at random, which a frozen seed's score is not above.

It is measured once for an environment, in a process of its own: `python -m taxon.studies.running.random_return
ENVIRONMENT FOLDER` leaves the record in the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from taxon.runtime.errors import UserError
from taxon.runtime.folder.fields import first_of
from taxon.runtime.folder.run_folder import RunFolder

if TYPE_CHECKING:
    from taxon.runtime.environments.environment import Environment

FILE = "return.json"
EPISODES = 100
LONGEST = 30_000  # steps of an episode, as of an evaluation's
_LARGEST = 2**16


class RandomReturn(BaseModel):
    """The mean return of so many episodes in which every action is drawn uniformly."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    environment: str
    episodes: int = Field(ge=1)
    mean: FiniteFloat


def folder_of(environment: str) -> str:
    """The name of the folder where an environment's is kept."""
    return f"random-{hashlib.sha256(environment.encode()).hexdigest()[:20]}"


def read(folder: RunFolder) -> RandomReturn | None:
    """What was measured; None where nothing was. Raises UserError where the record cannot be read."""
    try:
        return RandomReturn.model_validate_json(folder.read(FILE, _LARGEST))
    except FileNotFoundError:
        return None
    except ValidationError as error:
        raise UserError(f"{folder.path / FILE}: {first_of(error)}", "remove the file") from None


def measure(id: str, episodes: int = EPISODES) -> RandomReturn:
    """Act at random in an environment, seeded with 0; one of the user's own is one that the user has named.

    Raises UserError where it cannot be used, or fails.
    """
    from taxon.runtime.environments.environment import make
    from taxon.runtime.environments.faults import UnusableEnvironmentError, described, is_the_users
    from taxon.runtime.environments.recipe import Recipe

    try:
        with contextlib.closing(make(Recipe(id, folder=Path.cwd()), 0)) as environment:
            total = _total(environment, episodes)
    except UnusableEnvironmentError as error:
        raise UserError(error.message, error.help) from error
    except BaseException as error:  # whatever an environment raises
        if is_the_users(error):
            raise
        raise UserError(f"{id} failed under random actions: {described(error)}", "mend the environment") from error
    return RandomReturn(environment=id, episodes=episodes, mean=total / episodes)


def _total(environment: Environment, episodes: int) -> float:
    """The sum of the episodes' returns."""
    import numpy as np

    random = np.random.default_rng(0)
    total = 0.0
    for _ in range(episodes):
        environment.reset()
        for _ in range(LONGEST):
            if environment.discrete:
                action = np.eye(environment.action)[random.integers(environment.action)]
            else:
                action = random.uniform(-1.0, 1.0, environment.action)
            _, reward, terminated, truncated = environment.step(action)
            total += reward
            if terminated or truncated:
                break
    return total


def main(id: str, folder: str) -> int:
    """Measure, and leave the record in a folder."""
    try:
        found = measure(id)
        RunFolder(Path(folder)).write(FILE, found.model_dump_json().encode())
    except UserError as error:
        print(f"error: {error.message}\n help: {error.help}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
