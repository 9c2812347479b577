"""An environment tried for a few steps: what a run would refuse of its answers, and where in the user's file."""

import numpy as np

from taxon.runtime.environments.closing import closed
from taxon.runtime.environments.environment import beside, make
from taxon.runtime.environments.faults import (
    UnusableEnvironmentError,
    at,
    described,
    is_the_users,
    place_in,
)
from taxon.runtime.environments.places import place_of
from taxon.runtime.environments.random_policy import random_action
from taxon.runtime.environments.recipe import Recipe

TRIED = 20  # steps


def try_out(recipe: Recipe) -> None:
    """Make an environment, reset it and step it with random actions, seeded with 0.

    Raises UnusableEnvironmentError where it raises, or answers what no run can learn from: a number that is not finite,
    an observation of another size, a reward that is none, the four values of gym's step.
    """
    with beside():
        environment = make(recipe, 0)
        draw, method = np.random.default_rng(0), "reset"
        try:
            environment.reset()
            for _ in range(TRIED):
                method = "step"
                _, _, *over = environment.step(random_action(environment, draw))
                if any(over):
                    method = "reset"
                    environment.reset()
        except BaseException as error:  # whatever an environment raises
            if is_the_users(error):
                raise
            place = place_in(error) or place_of(getattr(type(environment.raw.unwrapped), method))
            raise UnusableEnvironmentError(
                f"{recipe} failed in its {method}: {described(error)}",
                f"mend the environment{at(place)}",
                place,
            ) from error
        finally:
            closed([environment])
