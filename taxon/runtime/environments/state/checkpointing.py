"""The state of one training environment, kept and given back."""

import logging
from typing import Any

from taxon.runtime.environments.environment import Environment
from taxon.runtime.environments.faults import described
from taxon.runtime.environments.state.environment_state import ChangedError, EnvironmentState


class EnvironmentCheckpoint:
    """Keeps and gives back the state of a training environment; made before its first reset."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self._warned = False
        self._state: EnvironmentState | None = None
        self._why = ""  # there is no state
        try:
            self._state = EnvironmentState(environment.raw)
        except Exception as error:  # an environment may hold anything
            self._why = described(error)

    def capture(self) -> dict[str, Any] | None:
        """Empty where it was not reset yet: its seed waits for that. None, with a warning, where it cannot be had."""
        if self.environment.seed is not None:
            return {}
        try:
            if self._state is not None:
                return self._state.capture()
        except Exception as error:  # an environment may hold anything
            self._why = described(error)
        if not self._warned:
            lost = "a resumed run begins a new episode in it"
            logging.getLogger("taxon").warning(f"the state of {self.environment.id} is not kept: {self._why}; {lost}")
        self._warned = True
        return None

    def restore(self, saved: dict[str, Any]) -> str | None:
        """None where the environment is as it was, else why that cannot be: it is to begin anew then.

        Raises ValueError where it is no state of it.
        """
        if not saved:
            return None
        if self._state is None:
            return self._why
        try:
            self._state.restore(saved)
        except ChangedError as error:
            return str(error)
        self.environment.seed = None
        return None
