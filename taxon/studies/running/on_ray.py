"""Starts processes as tasks of a Ray cluster, a task each, whose nodes share the disk by the same path.

Ray starts a task where there is room; all else is as on one machine: the driver claims, and what is lost with a worker
or a node goes on from its checkpoint. When the driver ends, Ray ends its tasks.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taxon.runtime.errors import UserError
from taxon.runtime.folder.run_folder import RunFolder
from taxon.studies.running.attempts import Lease
from taxon.studies.running.driver import Slots
from taxon.studies.running.jobs import Ways
from taxon.studies.running.launching import Work, begin
from taxon.studies.running.machine import cores
from taxon.studies.running.store import existing_folder, make_folder
from taxon.version import VERSION

STOP = "stop"  # a file in an attempt's folder that asks its task to stop
_LOOK = 0.5  # seconds between two looks for it
_LOST = -9  # as the exit code of a task whose worker is gone


class OnRay:
    """A cluster, which is checked: each node sees the store, and has the same versions.

    address: `HOST:PORT` of its head, `auto` for the one that this machine belongs to, or `local` for one that is
    started here. `gpus` is how many a process has, a fraction where several share one; it may be set until the first
    process is started. Raises UserError where there is no Ray, no cluster, or a node that cannot be used.
    """

    def __init__(self, address: str, store: Path) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        try:
            import ray
        except ImportError:
            raise UserError("--ray needs Ray, which is not installed", "pip install 'taxon-rl[ray]'") from None
        self.ray: Any = ray
        _reach(address)
        try:
            own = {"num_cpus": cores()} if address == "local" else {"address": address}
            ray.init(log_to_driver=False, logging_level="error", **own)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise _no_cluster(address, str(error).splitlines()[0]) from None
        self.gpus = 0.0
        self._check(make_folder(store))

    @property
    def cores(self) -> int:
        """The cores of all nodes."""
        return int(self.ray.cluster_resources().get("CPU", 0))

    @property
    def devices(self) -> int:
        """The GPUs of all nodes."""
        return int(self.ray.cluster_resources().get("GPU", 0))

    def start(self, work: Work) -> Task:
        folders = [str(lease.folder.path) for lease in work.leases]
        said = {"command": list(work.command), "environment": dict(work.environment), "folders": folders}
        # A task that is lost is not Ray's to repeat: it goes on with another command, from its checkpoint.
        task = self.ray.remote(num_cpus=work.threads, num_gpus=self.gpus, max_retries=0)(attend)
        return Task(self.ray, task.remote(json.dumps(said)), work.leases[0])

    def _check(self, store: RunFolder) -> None:
        """Have every node look for a file in the store, and say what it runs."""
        name = f"probe-{uuid.uuid4().hex}"
        store.write(name, b"here")
        try:
            for node, found in self._probed(str(store.path / name)):
                if not found["there"]:
                    raise UserError(
                        f"the node {node} does not see {store.path}", "share it by the same path on all nodes"
                    )
                if found["versions"] != versions():
                    message = f"the node {node} has other versions: {found['versions']}, and here are {versions()}"
                    raise UserError(message, "install the same on all nodes")
        finally:
            store.remove(name)

    def _probed(self, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        asked = {}
        for node in self.ray.nodes():
            if node["Alive"]:
                where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                task = self.ray.remote(num_cpus=0, scheduling_strategy=where)(probe)
                asked[node["NodeManagerHostname"]] = task.remote(path)
        for name, reference in asked.items():
            try:
                yield name, json.loads(self.ray.get(reference, timeout=60))
            except self.ray.exceptions.RayError as error:
                message = f"the node {name} runs nothing: {str(error).splitlines()[0]}"
                raise UserError(message, "install taxon-rl on all nodes, in the same place") from None


def room(cluster: OnRay, ways: Ways, count: int | None, per_gpu: int) -> Slots:
    """What a cluster gives, and to each process its part of a GPU.

    count: processes at a time, None for as many as there is room for. per_gpu: how many share a GPU.
    """
    if count is None:
        count = max(1, cluster.devices * per_gpu if ways.device == "cuda" else cluster.cores // ways.threads)
    if ways.device == "cuda":
        cluster.gpus = min(1.0, cluster.devices / count)
    return Slots(count, max(cluster.cores, count * ways.threads))


def _reach(address: str) -> None:
    """Raise UserError at once for a head that nobody answers at: Ray itself tries for minutes."""
    if address in ("auto", "local"):
        return
    host, colon, port = address.rpartition(":")
    if not colon or not host or not port.isdecimal() or "/" in host:
        raise UserError(
            f"--ray {address} is no address", "write HOST:PORT, as in --ray 10.0.0.1:6379, or auto, or local"
        )
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise _no_cluster(address, str(error)) from None


def _no_cluster(address: str, why: str) -> UserError:
    help = "start one by `ray start --head`, or write --ray local"
    return UserError(f"there is no Ray cluster at {address}: {why}", help)


@dataclass
class Task:
    """A task that was given to Ray."""

    ray: Any
    reference: Any
    lease: Lease
    code: int | None = None

    def poll(self) -> int | None:
        if self.code is None and self.ray.wait([self.reference], timeout=0)[0]:
            try:
                self.code = int(self.ray.get(self.reference))
            except self.ray.exceptions.RayError:
                self.code = _LOST
        return self.code

    def stop(self) -> None:
        self.lease.folder.write(STOP, b"")

    def kill(self) -> None:
        self.ray.cancel(self.reference, force=True)


def attend(said: str) -> int:
    """In a worker of Ray: run a command to its end, or until its attempt's folder asks for a stop; its exit code."""
    work = json.loads(said)
    folders = [RunFolder(Path(path)) for path in work["folders"]]
    if STOP in folders[0].files():  # asked while the task waited for room
        return 130
    child, asked = begin(work["command"], work["environment"], folders), False
    while (code := child.poll()) is None:
        if not asked and STOP in folders[0].files():
            child.stop()
            asked = True
        time.sleep(_LOOK)
    return code


def probe(path: str) -> str:
    """In a worker of Ray: whether a file is there, and the versions."""
    folder = existing_folder(Path(path).parent)
    there = folder is not None and Path(path).name in folder.files()
    return json.dumps({"there": there, "versions": versions()})


def versions() -> dict[str, str]:
    """What a run's numbers depend on."""
    return {"taxon": VERSION, **{name: importlib.metadata.version(name) for name in ("torch", "numpy", "mujoco")}}
