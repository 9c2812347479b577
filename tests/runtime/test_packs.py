"""A compiled function that is loaded from a pack is the compiled function, and whatever is not whole is made anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from taxon.runtime.device.graph import compiled
from taxon.runtime.device.made_from import OWN, made_from
from taxon.runtime.device.nested import Reader, UndescribedError, builder, described, named
from taxon.runtime.device.packs import Packed, Packs, digest_of, key_of, load, save
from tests.test_architecture import BACK


class State(NamedTuple):
    weight: Tensor
    moment: Tensor


class Other(NamedTuple):
    weight: Tensor


def toy(state: State, batch: tuple[Tensor]) -> tuple[State, tuple[str, ...], Tensor]:
    """What an update does: it leaves a part as it was, changes another in place, and gives names and a new tensor."""
    state.moment.mul_(2)
    return State(state.weight, state.moment), ("loss",), (state.weight * batch[0]).sum().exp().view(1)


def arguments() -> tuple[State, tuple[Tensor]]:
    return State(torch.linspace(0, 1, 5), torch.ones(3)), (torch.linspace(1, 2, 5),)


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    torch.compiler.reset()
    return tmp_path / "cache" / "packs"


@pytest.fixture(scope="module")
def made() -> Packed:
    """The toy, compiled."""
    with torch.no_grad():
        function, (state, names, loss) = compiled(toy, *arguments())
    assert isinstance(function, Packed)
    assert (state.moment.tolist(), names) == ([2, 2, 2], ("loss",))
    torch.testing.assert_close(loss, toy(*arguments())[2])
    return function


class Compiler:
    """Stands for the compiler, and counts."""

    def __init__(self, made: Packed, wait: Callable[[], Any] = lambda: None) -> None:
        self.made, self.wait, self.calls = made, wait, 0

    def __call__(self, function: Any, *arguments: Any) -> tuple[Any, Any]:
        self.calls += 1
        self.wait()
        return self.made, self.made(*arguments)


def entries(folder: Path, suffix: str) -> list[Path]:
    return sorted(folder.glob(f"*{suffix}"))


def test_a_function_is_compiled_once_and_then_loaded(made: Packed, cache: Path) -> None:
    compiler = Compiler(made)
    for _ in range(2):
        function, given = Packs("module", print).compiler("update", compiler)(toy, *arguments())
        assert compiler.calls == 1
        mine = arguments()
        state, names, loss = function(*mine)
        assert type(state) is State
        assert state.weight is mine[0].weight
        assert (mine[0].moment.tolist(), names) == ([2, 2, 2], ("loss",))
        assert torch.equal(loss, given[2])
    assert function is not made
    assert cache.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda library, record: library.write_bytes(library.read_bytes()[:-1]),
        lambda library, record: library.write_bytes(b""),
        lambda library, record: library.unlink(),
        lambda library, record: record.write_text("[]"),
        lambda library, record: record.write_bytes(b"\xff\n"),
        lambda library, record: record.write_text(record.read_text().replace('"inputs":[[', '"inputs":[[7,')),
        lambda library, record: record.unlink(),
    ],
)
def test_what_did_not_come_through_whole_is_made_anew(
    spoil: Callable[[Path, Path], Any], made: Packed, cache: Path
) -> None:
    compiler = Compiler(made)
    ready = Packs("module", print).compiler("update", compiler)
    ready(toy, *arguments())
    spoil(*entries(cache, ".so"), *entries(cache, ".json"))
    for calls in (2, 2):
        function, _ = ready(toy, *arguments())
        assert (compiler.calls, function(*arguments())[2].tolist()) == (calls, made(*arguments())[2].tolist())


def test_a_library_that_cannot_be_loaded_is_none(made: Packed, tmp_path: Path) -> None:
    """Whole, but of a system that has another loader."""
    save(tmp_path, "key", made)
    assert load(tmp_path, "key", arguments()) is not None
    (tmp_path / "other.so").write_bytes(b"no library")
    record = json.loads((tmp_path / "key.json").read_text().partition("\n")[0])
    text = json.dumps(record | {"library": digest_of(b"no library")})
    (tmp_path / "other.json").write_text(f"{text}\n{digest_of(text.encode())}")
    assert load(tmp_path, "other", arguments()) is None


def test_a_folder_in_which_others_write_is_left_alone(made: Packed, cache: Path) -> None:
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    compiler = Compiler(made)
    for calls in (1, 2):
        Packs("module", print).compiler("update", compiler)(toy, *arguments())
        assert compiler.calls == calls
    assert list(cache.iterdir()) == []


def test_of_those_that_need_the_same_one_compiles(made: Packed, cache: Path) -> None:
    begun, free, said = threading.Event(), threading.Event(), threading.Event()
    compiler = Compiler(made, lambda: (begun.set(), free.wait(20)))
    given: list[Any] = []

    def start() -> None:
        ready = Packs("module", lambda line: said.set()).compiler("update", compiler)
        given.append(ready(toy, *arguments())[1][2].tolist())

    with torch.no_grad():
        first, second = (threading.Thread(target=start) for _ in range(2))
        first.start()
        assert begun.wait(20)
        second.start()
        assert said.wait(20)
        free.set()
        first.join()
        second.join()
    assert compiler.calls == 1
    assert given[0] == given[1]


def test_a_failed_compilation_leaves_nothing_and_frees_the_others(cache: Path) -> None:
    def fails(function: Any, *arguments: Any) -> tuple[Any, Any]:
        raise OSError("no compiler")

    for _ in range(2):
        with pytest.raises(OSError, match="no compiler"):
            Packs("module", print).compiler("update", fails)(toy, *arguments())
    assert entries(cache, ".json") == []


def test_a_pack_is_for_one_kind_of_call(made: Packed, cache: Path) -> None:
    """Another module, function, shape, layout, type, number of threads, or mode of torch has another."""
    compiler = Compiler(made)

    def call(module: str = "module", name: str = "update", **changes: Any) -> None:
        state, batch = arguments()
        given = (state._replace(**changes), batch)
        compiler.made = lambda *arguments: None
        key = key_of(module, name, given)
        assert key not in seen
        seen.add(key)

    seen: set[str] = set()
    call()
    call(module="another")
    call(name="acting")
    call(weight=torch.ones(4))
    call(weight=torch.ones(10)[::2])
    call(weight=torch.ones(5, dtype=torch.float64))
    call(weight=(torch.ones(5),))
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    call()
    torch.set_num_threads(threads)
    with torch.no_grad():
        call()
    torch.set_default_dtype(torch.float64)
    call(weight=torch.ones(5, dtype=torch.float32))
    torch.set_default_dtype(torch.float32)
    assert key_of("module", "update", arguments()) in seen


def test_what_a_module_is_made_from(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "choices_of_a_test").mkdir()
    code = tmp_path / "choices_of_a_test" / "operators.py"
    code.write_text("a = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "import torch\nfrom choices_of_a_test.operators import a\n"
    seen = {made_from(source, "float32")}

    def new(source: str = source, precision: str = "float32") -> bool:
        digest = made_from(source, precision)
        return digest not in seen and seen.add(digest) is None

    assert not new()
    assert new(source + "\n")
    assert new(precision="bf16")
    code.write_text("a = 2\n")
    assert new()
    for name in ("TORCHINDUCTOR_FREEZING", "ONEDNN_MAX_CPU_ISA", "CXX"):
        monkeypatch.setenv(name, "1")
        assert new()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "elsewhere")
    assert not new()
    assert set(OWN) == set(BACK)


def test_arguments_are_found_and_results_put_together() -> None:
    a, b, c, result = (torch.full((), float(n)) for n in range(4))
    nest = (State(a, b), (c,))
    given = (State(a, b), State(b, result), ((c,), "name"), (c, c))
    tree = described(given, nest, [result])
    assert json.loads(json.dumps(tree)) == {
        "tuple": [
            {"argument": [0]},
            {"tuple": [{"argument": [0, 1]}, {"result": 0}], "like": [0]},
            {"tuple": [{"argument": [1]}, {"text": "name"}], "like": None},
            {"tuple": [{"argument": [1, 0]}, {"argument": [1, 0]}], "like": None},
        ],
        "like": None,
    }
    reader = Reader([(1, 0), *named(tree)])
    again = builder(tree, nest, reader.places)(reader(nest), [result])
    assert again == given
    assert [type(part) for part in again] == [State, State, tuple, tuple]


@pytest.mark.parametrize("given", [torch.ones(1), (1.0,), {"loss": 1}, Other(torch.ones(1))])
def test_what_is_neither_given_nor_made_is_refused(given: Any) -> None:
    with pytest.raises(UndescribedError):
        described(given, (State(torch.ones(1), torch.ones(1)),), [])


@pytest.mark.parametrize("path", [(-1,), ("weight",), (True,), ([0],)])
def test_a_path_is_of_indices(path: Any) -> None:
    with pytest.raises(UndescribedError):
        Reader([path])


LOADING = """
import sys, torch
from pathlib import Path
from taxon.runtime.device.packs import load
from tests.runtime.test_packs import arguments
function = load(Path(sys.argv[1]), "key", arguments())
print(function(*arguments())[2].tolist(), sorted({"torch._dynamo", "torch._inductor"} & sys.modules.keys()))
"""


def test_a_process_that_loads_it_does_without_torchs_compiler(made: Packed, tmp_path: Path) -> None:
    save(tmp_path, "key", made)
    path = [str(Path(__file__).parents[2]), *filter(None, sys.path)]
    command = [sys.executable, "-c", LOADING, str(tmp_path)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{made(*arguments())[2].tolist()} []\n"
