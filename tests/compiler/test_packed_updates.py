"""Updates that are loaded from packs have the bits of those that torch's compiler traces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from recorded import record

from taxon.runtime.device import graph
from taxon.runtime.device.graph import compiled
from taxon.runtime.device.in_place import copy_into
from taxon.runtime.device.packs import Packed, Packs
from taxon.runtime.loop.learning import Carry, learn
from taxon.runtime.loop.loop import map_state

UPDATES = 50  # in which every phase has one


def one_of_each(spec: str, folder: Path) -> list[tuple[Any, Any]]:
    """The functions of a spec's updates, as a run compiles them, with arguments."""
    functions, calls = record(spec, "continuous", folder, UPDATES, seeds=1)
    found = []
    for key, call in {call.key: call for call in calls}.items():

        def in_place(carry: Carry, *given: Any, function: Any = functions[key]) -> Any:
            new, names, values = learn(function, carry, *given)
            copy_into(new, carry)
            return names, values

        alive = torch.ones(1, dtype=torch.bool)
        carry = Carry(call.before, (), alive, torch.full((1,), -1), torch.zeros(1, dtype=torch.int64))
        found.append((in_place, (carry, torch.tensor(7), call.batch, call.noise)))
    return found


def copies(arguments: Any) -> Any:
    carry, *others = arguments
    return (map_state(torch.clone, carry), *others)


@pytest.mark.parametrize(
    "spec",
    [
        "td3",
        *(pytest.param(spec, marks=pytest.mark.slow) for spec in ("sac", "mpo", "ppo", "trpo", "reps", "awr", "urex")),
    ],
)
def test_loaded_it_has_the_bits_of_what_torch_traces(
    spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    torch.compiler.reset()
    ready = Packs("module", print)
    for number, (function, given) in enumerate(one_of_each(spec, tmp_path)):
        with torch.no_grad():
            first, _ = ready.compiler(str(number), compiled)(function, *copies(given))
            loaded, _ = ready.compiler(str(number), pytest.fail)(function, *copies(given))
            with monkeypatch.context() as patch:
                patch.setattr(graph, "packed", lambda *given: None)
                traced, _ = compiled(function, *copies(given))
            assert isinstance(first, Packed)
            assert isinstance(loaded, Packed)
            assert not isinstance(traced, Packed)
            left = []
            for each in (first, loaded, traced):
                own = copies(given)
                for _ in range(3):
                    names, values = each(*own)
                    left.append((names, *map(bytes_of, (*own[0].state, values))))
            assert left[:3] == left[3:6] == left[6:]


def bytes_of(part: Any) -> bytes:
    found: list[bytes] = []
    map_state(lambda leaf: found.append(leaf.numpy().tobytes()) or leaf, part)
    return b"".join(found)
