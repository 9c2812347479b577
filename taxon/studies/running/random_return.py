"""The return of a policy that acts at random, which a frozen seed's score is not above.

It is measured once for an environment, in a process of its own: `python -m taxon.studies.running.random_return
ENVIRONMENT FOLDER` leaves the record in the folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from taxon.runtime.errors import UserError
from taxon.runtime.folder.fields import first_of
from taxon.runtime.folder.run_folder import RunFolder

FILE = "return.json"
EPISODES = 100
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
    import numpy as np

    from taxon.runtime.environments.environment import make
    from taxon.runtime.environments.faults import UnusableEnvironmentError, described, is_the_users
    from taxon.runtime.environments.random_policy import random_episode
    from taxon.runtime.environments.recipe import Recipe

    try:
        with contextlib.closing(make(Recipe(id, folder=Path.cwd()), 0)) as environment:
            draw = np.random.default_rng(0)
            total = sum(random_episode(environment, draw).total for _ in range(episodes))
    except UnusableEnvironmentError as error:
        raise UserError(error.message, error.help) from error
    except BaseException as error:  # whatever an environment raises
        if is_the_users(error):
            raise
        raise UserError(f"{id} failed under random actions: {described(error)}", "mend the environment") from error
    return RandomReturn(environment=id, episodes=episodes, mean=total / episodes)


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
