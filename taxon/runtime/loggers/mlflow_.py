"""MLflow. MLFLOW_TRACKING_URI and MLFLOW_EXPERIMENT_NAME mean what they always do."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from taxon.runtime.events import Status
from taxon.runtime.loggers.tool import PROJECT, About

MOST = 1_000  # metrics that a server takes at once
LONGEST = 6_000  # letters of a parameter
ENDS: dict[Status, str] = {"failed": "FAILED", "frozen": "FAILED", "interrupted": "KILLED"}


class Mlflow:
    """A run of MLflow, written through its client: what else uses MLflow in this process is left alone."""

    def begin(self, about: About, id: str | None) -> str:
        from mlflow import MlflowClient
        from mlflow.entities import Param

        self._client: Any = MlflowClient()
        if id is not None:
            self._client.update_run(id, status="RUNNING")  # raises where there is no such run
            self._id = id
            return id
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
        found = self._client.get_experiment_by_name(name)
        experiment = self._client.create_experiment(name) if found is None else found.experiment_id
        self._id = str(self._client.create_run(experiment, run_name=about.title).info.run_id)
        parameters = [Param(key, str(value)[:LONGEST]) for key, value in about.config.items()]
        for start in range(0, len(parameters), 100):
            self._client.log_batch(self._id, params=parameters[start : start + 100])
        return self._id

    def where(self) -> str:
        return f"run {self._id} of {self._client.tracking_uri}"

    def last(self, figure: str, written: int) -> int:
        return max((metric.step for metric in self._client.get_metric_history(self._id, figure)), default=-1)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1_000)
        metrics = [Metric(figure, value, now, step) for figure, value in values.items()]
        for start in range(0, len(metrics), MOST):
            self._client.log_batch(self._id, metrics=metrics[start : start + MOST])

    def keep(self, files: Sequence[Path]) -> None:
        for file in files:
            self._client.log_artifact(self._id, str(file))

    def end(self, status: Status) -> None:
        self._client.set_terminated(self._id, ENDS.get(status, "FINISHED"))
