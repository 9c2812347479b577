"""A policy as a file that acts without taxon, checked against the policy before it is written.

Each of them takes the environment's own observations, a batch of any size, and gives actions of its own space:
normalisation and rescaling are inside.
"""

import base64
import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from taxon.operators.observations import Observation
from taxon.runtime.agent import named_tensors
from taxon.runtime.errors import UserError
from taxon.runtime.folder import module
from taxon.runtime.folder.spaces import ActionSpace, BoxAction
from taxon.runtime.policies.actions import actions_of, box
from taxon.runtime.policies.formats import Format
from taxon.runtime.policies.observations import rows
from taxon.runtime.policies.policy import Policy
from taxon.runtime.policies.traced import TracedPolicy, examples, names_of, read_by_acting

CHECKED = 256  # random observations on which a file is compared with its policy
FAR = 1e-5  # of half the box's width: what no rounding explains
FEW = 0.01  # of whole actions may differ: those of which two are as likely, or at a border between two numbers

Fill = Callable[[str, Observation, int, str], str]  # environment, layout, action, weights -> the script


@dataclass(frozen=True)
class Exported:
    """A file's content, and how it compares with the policy."""

    content: bytes
    parity: str  # a sentence


@dataclass(frozen=True)
class Compared:
    """How far the actions of a file are from the policy's."""

    difference: float  # largest, in units of half the box's width; of whole actions, how many of all differ
    whole: bool

    @property
    def same(self) -> bool:
        """Whether rounding explains it."""
        return self.difference <= (FEW if self.whole else FAR)

    def __str__(self) -> str:
        if self.whole:
            return f"{round(self.difference * CHECKED)} of {CHECKED} actions differ"
        return f"the actions of {CHECKED} observations differ by {self.difference:.1e} of half the box's width at most"


def export(policy: Policy, format: Format, fill: Fill) -> Exported:
    """A file of this format. fill: makes the script of `standalone`, which needs the compiler.

    Raises UserError where the policy cannot be exported, a package is missing, or the file acts otherwise.
    """
    observation = examples(policy.record.observation, CHECKED, torch.Generator().manual_seed(0))
    shown = _each(observation, lambda leaf: leaf.numpy())
    expected = np.asarray(policy.act(shown))
    with _quiet():
        match format:
            case "torch":
                content, found = _torch(policy, observation)
            case "onnx":
                content, found = _onnx(policy, observation)
            case "standalone":
                content, found = _standalone(policy, shown, fill)
    parity = compared(policy.record.action, expected, found)
    if not parity.same:
        message = f"the {format} file acts otherwise than the policy: {parity}"
        raise UserError(message, "report it with the spec, and export another format")
    return Exported(content, str(parity))


def compared(space: ActionSpace, one: NDArray[Any], other: NDArray[Any]) -> Compared:
    """How far two batches of actions are from each other, [N, ...] each."""
    if isinstance(space, BoxAction) and one.dtype.kind == "f":
        bounds = box(space)
        half = (bounds.high.astype(np.float64) - bounds.low.astype(np.float64)) / 2
        apart = np.abs(one.astype(np.float64) - other.astype(np.float64))
        return Compared(float(np.max(apart / np.where(half > 0, half, 1.0))), whole=False)
    differs = (one != other).reshape(len(one), -1).any(-1)
    return Compared(float(differs.mean()), whole=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporters note of themselves: packages that no policy needs, constants that they do not fold."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _traced(policy: Policy, observation: Any) -> torch.export.ExportedProgram:
    batch = torch.export.Dim("batch", min=1)
    shapes = _each(observation, lambda leaf: {0: batch})
    with torch.no_grad():
        return torch.export.export(TracedPolicy(policy).eval(), (observation,), dynamic_shapes=(shapes,), strict=False)


def _torch(policy: Policy, observation: Any) -> tuple[bytes, NDArray[Any]]:
    file = io.BytesIO()
    torch.export.save(_traced(policy, observation), file)
    content = file.getvalue()
    again = torch.export.load(io.BytesIO(content)).module()
    return content, again(observation).numpy()


def _onnx(policy: Policy, observation: Any) -> tuple[bytes, NDArray[Any]]:
    try:
        import onnx  # noqa: F401 the exporter writes with it
        import onnxruntime
        import onnxscript  # noqa: F401 and translates with it
    except ImportError as error:
        raise UserError(f"the format onnx needs {error.name}", "pip install 'taxon-rl[onnx]'") from error
    names = names_of(policy.record.observation)
    program = torch.onnx.export(
        _traced(policy, observation), input_names=names, output_names=["action"], dynamo=True, verbose=False
    )
    if program is None:
        raise AssertionError("the exporter gives a program")
    model = program.model_proto
    for key, value in _about(policy).items():
        model.metadata_props.add(key=key, value=value)
    content: bytes = model.SerializeToString()
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(content, settings, providers=["CPUExecutionProvider"])
    leaves = [leaf.numpy() for leaf in _leaves(observation)]
    (found,) = session.run(None, dict(zip(names, leaves, strict=True)))
    return content, found


def _standalone(policy: Policy, shown: Any, fill: Fill) -> tuple[bytes, NDArray[Any]]:
    needed = read_by_acting(policy)
    file = io.BytesIO()
    arrays = {name: leaf.cpu().numpy() for name, leaf in named_tensors(policy.state) if name in needed}
    np.savez_compressed(file, allow_pickle=False, **arrays)
    layout = policy.record.observation.layout()
    action = policy.record.action.size
    recipe = policy.record.recipe()
    id = recipe.id if recipe.plain else ""
    text = fill(id, layout, action, base64.b64encode(file.getvalue()).decode())
    with tempfile.TemporaryDirectory() as folder:
        player = module.load(text, Path(folder) / "policy.py")
    agent = player.Agent(player.LAYOUT, player.ACTION)
    flat, _ = rows(policy.record.observation, shown)
    memory = agent.memory(1, len(flat), torch.device("cpu"))
    _, taken = player.act(agent, player.weights(), memory, flat)
    return text.encode(), actions_of(policy.record.action)(taken)


def _about(policy: Policy) -> dict[str, str]:
    record = policy.record
    return {
        "taxon": record.taxon,
        "spec": record.name,
        "row" if record.edited is None else "module": record.identity,
        "environment": record.environment,
        "seed": str(policy.seed),
        "steps": str(policy.steps),
    }


def _each(observation: Any, function: Callable[[Any], Any]) -> Any:
    """The tree with something else at every leaf."""
    if isinstance(observation, dict):
        return {name: _each(part, function) for name, part in observation.items()}
    if isinstance(observation, tuple):
        return tuple(_each(part, function) for part in observation)
    return function(observation)


def _leaves(observation: Any) -> list[Any]:
    found: list[Any] = []
    _each(observation, found.append)
    return found
