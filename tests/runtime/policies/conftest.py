"""Runs that several files act with, each made once."""

from collections.abc import Callable

import pytest

from tests.runtime.policies.small_runs import SmallRun, small_run


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], SmallRun]:
    """A run of a spec in an environment, of the seeds 3 and 5."""
    made: dict[tuple[str, str], SmallRun] = {}

    def run(spec: str, environment: str) -> SmallRun:
        key = spec, environment
        if key not in made:
            made[key] = small_run(tmp_path_factory.mktemp("runs") / "run", spec, environment)
        return made[key]

    return run
