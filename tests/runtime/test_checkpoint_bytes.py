"""A run's folder from a stranger: whatever its files hold, going on ends in one sentence or in a run, and soon."""

import copy
import hashlib
import io
import json
import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import torch
from fuzz.folders import edited
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.errors import UserError
from taxon.runtime.folder import checkpoint
from taxon.runtime.options import Options, parse_cadence
from taxon.runtime.run import Run
from taxon.runtime.trainer import Program, resume, train

TRIES = int(os.environ.get("TAXON_FUZZ", "60"))
SLOW = 20  # seconds, for what takes a twentieth of one
FILES = ["run.json", "checkpoint.json", "metrics.jsonl", "tensors", "rows"]
RELAXED = settings(max_examples=TRIES, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Path]:
    """A program and a run of it that was half made, in an environment with a state of its own."""
    source = (Path(__file__).parent / "toy_agent.py").read_text()
    program = Program("toy", "0123abcd", "taxon 1\n", source)
    folder = tmp_path_factory.mktemp("found") / "run"
    options = Options(Recipe("Pendulum-v1"), (3, 5), 60, "cpu", folder, 40, 1, parse_cadence("20", ""))
    train(program, options, Console(file=io.StringIO()))
    return program, folder


def go_on(program: Program, folder: Path) -> str | None:
    """What a user reads who resumes the run, if anything; it is only made ready, and no step is made."""
    before = torch.get_num_threads()
    message = None
    with pytest.MonkeyPatch.context() as patch, within(SLOW):
        patch.setattr(Run, "go", lambda run, stop: None)
        try:
            resume(program, folder, 80, Console(file=io.StringIO()))
        except UserError as error:
            message = f"{error.message}: {error.help}"
        finally:
            torch.set_num_threads(before)
    assert message is None or "\n" not in message
    return message


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail where the block takes longer, also where it waits for what never comes."""

    def late(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"it took more than {seconds} s")

    handler = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def path_of(folder: Path, name: str) -> Path:
    found = {"tensors": "checkpoint-*.safetensors", "rows": "replay/rows-*.bin"}
    return next(folder.glob(found.get(name, name)))


@st.composite
def harmed(draw: st.DrawFn, content: bytes) -> bytes:
    """Bytes with some changed, cut out, put in or cut off."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(changed)))
        match draw(st.sampled_from(["change", "cut out", "put in", "cut off"])):
            case "change" if place < len(changed):
                changed[place] = draw(st.integers(0, 255))
            case "cut out":
                del changed[place : place + draw(st.integers(1, 40))]
            case "put in":
                changed[place:place] = draw(st.binary(min_size=1, max_size=40))
            case _:
                del changed[place:]
    return bytes(changed)


@pytest.mark.parametrize("name", FILES)
@RELAXED
@given(data=st.data())
def test_harmed_bytes_are_refused_or_make_no_difference(found: Any, name: str, data: st.DataObject) -> None:
    program, whole = found
    folder = whole.parent / "harmed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    path = path_of(folder, name)
    before = path.read_bytes()
    path.write_bytes(data.draw(harmed(before)))
    message = go_on(program, folder)
    if name == "tensors" and path.read_bytes() != before:
        assert message is not None
    if name == "checkpoint.json" and not same(path.read_bytes(), before):
        assert message is not None


@pytest.mark.parametrize("name", ["run.json", "checkpoint.json", "metrics.jsonl"])
@RELAXED
@given(data=st.data())
def test_edited_values_are_refused_or_make_no_difference(found: Any, name: str, data: st.DataObject) -> None:
    """Values of JSON that no reader expects, in any place; those of the index in one that is sealed anew."""
    program, whole = found
    folder = whole.parent / "edited"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    path = folder / name
    if name == "checkpoint.json":
        try:
            body = json.loads(data.draw(edited(json.dumps(json.loads(path.read_bytes())["body"]).encode())))
            seal(folder, body)
        except (ValueError, RecursionError):
            return  # what is no JSON cannot be sealed
    elif name == "metrics.jsonl":
        lines = path.read_bytes().splitlines(keepends=True)
        at = data.draw(st.integers(0, len(lines) - 1))
        lines[at] = data.draw(edited(lines[at])) + b"\n"
        path.write_bytes(b"".join(lines) + b"{}\n" * 100)
    else:
        path.write_bytes(data.draw(edited(path.read_bytes())))
    go_on(program, folder)
    if name == "metrics.jsonl":
        within_the_files = [reader(place) for place in sorted((folder / "tensorboard").iterdir())]
        assert len(within_the_files) == 3


def reader(place: Path) -> Any:
    """What TensorBoard reads of a run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(place)).Reload()


def same(one: bytes, other: bytes) -> bool:
    """Whether two texts say the same in JSON."""
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in nested lists and dictionaries."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *[place for key, part in parts for place in places(part, (*path, key))]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kind", "is", "most", "x", "0"]), inner, max_size=3)
        | st.builds(
            lambda kind, inner: {"kind": kind, "is": inner},
            st.sampled_from(["tensor", "array", "scalar", "tuple", "deque", "dict", "float", "object"]),
            inner,
        )
    ),
    max_leaves=6,
)


def seal(folder: Path, body: Any) -> None:
    """Write an index whose digest is right."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    (folder / checkpoint.INDEX).write_text(json.dumps({"sha256": digest, "body": body}))


@pytest.mark.parametrize("length", [-1, -(2**70), -9.3e18, 2**70])
def test_metrics_of_no_possible_length_are_refused(found: Any, length: float) -> None:
    program, whole = found
    folder = whole.parent / "length"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    body = json.loads((folder / checkpoint.INDEX).read_bytes())["body"]
    body["state"]["run"]["metrics"] = length
    seal(folder, body)
    message = go_on(program, folder)
    assert message is not None
    assert "is no count" in message or "shorter" in message
    assert (folder / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()


@pytest.mark.parametrize("state", [{"kind": "tuple", "is": []}, [], None, {}])
def test_a_state_of_another_kind_is_refused(found: Any, state: Any) -> None:
    program, whole = found
    folder = whole.parent / "kind"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    seal(folder, json.loads((folder / checkpoint.INDEX).read_bytes())["body"] | {"state": state})
    assert go_on(program, folder) is not None


@RELAXED
@given(data=st.data())
@example(data=None)
def test_a_checkpoint_that_is_sealed_anew_does_no_harm(found: Any, data: st.DataObject | None) -> None:
    """Who can write the index can seal it, too: nested values of any kind in the place of others."""
    program, whole = found
    folder = whole.parent / "sealed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    path = folder / checkpoint.INDEX
    body = json.loads(path.read_bytes())["body"]
    if data is not None:
        body = copy.deepcopy(body)
        for _ in range(data.draw(st.integers(1, 3))):
            place = data.draw(st.sampled_from(places(body)[1:]))
            holder = body
            for key in place[:-1]:
                holder = holder[key]
            if data.draw(st.booleans()):
                holder[place[-1]] = data.draw(JSON)
            else:
                del holder[place[-1]]
    seal(folder, body)
    message = go_on(program, folder)
    assert data is not None or message is None
