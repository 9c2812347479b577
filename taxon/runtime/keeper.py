"""The state of one training environment, kept and given back."""

from typing import Any

from taxon.runtime.environment_state import EnvironmentState
from taxon.runtime.environments import Environment


class Keeper:
    """Keeps and gives back the state of a training environment; made before its first reset."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.state = EnvironmentState(environment.raw)

    def capture(self) -> dict[str, Any] | None:
        """Nothing in it where it was not reset yet: its seed waits for that. None where it cannot be had."""
        return self.state.capture() if self.environment.seed is None else {}

    def restore(self, saved: dict[str, Any]) -> None:
        """Raises ValueError where it does not fit."""
        if saved:
            self.state.restore(saved)
            self.environment.seed = None
