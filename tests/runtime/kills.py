"""Lives of a run in processes of their own, which a test may kill at any moment."""

import io
import multiprocessing
import signal
import threading
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from rich.console import Console

# Imported once, by a server that forks every life: a life then takes a fraction of a second.
PRELOADED = [
    "taxon.runtime.trainer",
    "taxon.tasks",
    "mujoco",
    "tensorboard.compat.proto.event_pb2",
    "tensorboard.summary.writer.record_writer",
    "taxon.figures.curves",
    "matplotlib.backends.backend_agg",
    "torch._dynamo.compiled_autograd",  # which torch.func imports at the first gradient
]


def processes() -> ForkServerContext:
    """Where lives are made."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def live(program: tuple[str, str, str, str], options: dict, folder: Path) -> None:
    """Begin a run, or go on with the one in the folder."""
    import torch

    from taxon.runtime.environments.recipe import Recipe
    from taxon.runtime.folder import checkpoint
    from taxon.runtime.options import Options, parse_cadence
    from taxon.runtime.trainer import Program, resume, train

    torch.set_num_threads(1)
    quiet = Console(file=io.StringIO())
    if (folder / checkpoint.INDEX).exists():
        resume(Program(*program), folder, console=quiet)
    else:
        cadence = parse_cadence(options["save_every"], "save_every")
        options = options | {"environment": Recipe(options["environment"]), "save_every": cadence, "out": folder}
        train(Program(*program), Options(**options), quiet)


def end(life: BaseProcess, seconds: float | None = None) -> bool:
    """Let a life end by itself, or kill it after some seconds: whether it was killed."""
    life.start()
    timer = threading.Timer(seconds, life.kill) if seconds is not None else None
    if timer is not None:
        timer.start()
    life.join()
    if timer is not None:
        timer.cancel()
    assert life.exitcode in (0, -signal.SIGKILL), f"a life ended with {life.exitcode}"
    return life.exitcode != 0
