"""The state of one training environment, kept and given back."""

import logging
from typing import Any

from taxon.runtime.environment_state import ChangedError, EnvironmentState
from taxon.runtime.environments import Environment


class Keeper:
    """Keeps and gives back the state of a training environment; made before its first reset."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.state = EnvironmentState(environment.raw)
        self._said = False

    def capture(self) -> dict[str, Any] | None:
        """Nothing in it where it was not reset yet: its seed waits for that. None where it cannot be had."""
        if self.environment.seed is not None:
            return {}
        try:
            return self.state.capture()
        except ValueError as error:
            if not self._said:
                lost = "a resumed run begins a new episode in it"
                logging.getLogger("taxon").warning(f"{self.environment.id} cannot be kept any more: {error}; {lost}")
            self._said = True
            return None

    def restore(self, saved: dict[str, Any]) -> str | None:
        """None where the environment is as it was, else why that cannot be: it is to begin anew then.

        Raises ValueError where it is no state of it.
        """
        if saved:
            try:
                self.state.restore(saved)
            except ChangedError as error:
                return str(error)
            self.environment.seed = None
        return None
