"""Compiled functions of a CPU, packed: the library that Inductor made, and what its arguments and results are.

Torch's compiler takes seconds to import, and to trace a function that it has compiled before. A pack of the same module
on the same machine (`made_from.py`) is loaded in its place, so the bits are the same. It is the user's own, and checked
before it is loaded: what does not come through whole is made anew. Of processes that need the same pack one makes it.
"""

import hashlib
import importlib.util
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from taxon.runtime.device import cache
from taxon.runtime.device.nested import Path as Place
from taxon.runtime.device.nested import Reader, Tree, UndescribedError, builder, described, named, parts

Function = Callable[..., Any]
Compiler = Callable[..., tuple[Function, Any]]  # of a function and its arguments: the graph, and what it gives

ENTRY = "inductor_entry_cpp"  # the function of a library, by which Python finds how to start it as well
# Where a library of Inductor's finds what gives a tensor's memory.
DATA = "_TORCHINDUCTOR_PYOBJECT_TENSOR_DATA_PTR"


class Packed:
    """A function of nested tensors, by a library that takes and gives them flat.

    entry: the library's function. inputs: where among the arguments it finds each of its own. results: what becomes of
    what it gives. arguments: some of the kind that the function takes. Raises UndescribedError where these do not fit.
    """

    def __init__(self, entry: Function, inputs: Sequence[Place], results: Tree, arguments: Any) -> None:
        self.entry, self.inputs, self.results = entry, inputs, results
        self._read = Reader([*inputs, *named(results)])
        self._order = [self._read.places[path] for path in inputs]
        self._build = builder(results, arguments, self._read.places)

    def __call__(self, *arguments: Any) -> Any:
        found = self._read(arguments)
        # As the code does that Inductor writes around the library's function.
        handles = torch._C._aoti.unsafe_alloc_void_ptrs_from_tensors([found[place] for place in self._order])
        results = torch._C._aoti.alloc_tensors_by_stealing_from_void_ptrs(self.entry(handles))
        return self._build(found, results)


def packed(
    entry: Function | None, inputs: Sequence[Tensor], results: Sequence[Tensor], arguments: Any, given: Any
) -> Packed | None:
    """A graph's library, called directly; None where there is none or it needs more than the arguments.

    inputs, results: of one call of the library. arguments, given: of the call of the function that led to it.
    """
    paths = {id(part): path for path, part in parts(arguments) if isinstance(part, Tensor)}
    if entry is None or not all(id(tensor) in paths for tensor in inputs):
        return None
    try:
        return Packed(entry, [paths[id(tensor)] for tensor in inputs], described(given, arguments, results), arguments)
    except UndescribedError:
        return None


class Packs:
    """What of one module is packed.

    made_from: stands for the module and all else that its functions depend on beside their arguments. say: is given a
    line for a person.
    """

    def __init__(self, made_from: str, say: Callable[[str], None]) -> None:
        self.made_from = made_from
        self.say = say

    def compiler(self, name: str, otherwise: Compiler) -> Compiler:
        """What loads the function of that name, or else compiles and packs it. Raises what compiling raises."""

        def load_or_compile(function: Function, *arguments: Any) -> tuple[Function, Any]:
            folder = cache.packs()
            if folder is None or not _on_cpu(arguments):
                return otherwise(function, *arguments)
            key = key_of(self.made_from, name, arguments)
            if (ready := load(folder, key, arguments)) is not None:
                return ready, ready(*arguments)
            lock = folder / f"{key}.lock"
            with cache.alone(lock, lambda: self.say("waiting for another process, which compiles the same")):
                if (ready := load(folder, key, arguments)) is not None:
                    return ready, ready(*arguments)
                graph, given = otherwise(function, *arguments)
                if isinstance(graph, Packed):
                    save(folder, key, graph)
                return graph, given

        return load_or_compile


def load(folder: Path, key: str, arguments: Any) -> Packed | None:
    """The pack of that key for such arguments; None where there is none that came through whole and fits."""
    library = folder / f"{key}.so"
    try:
        text, _, digest = (folder / f"{key}.json").read_text("utf-8").partition("\n")
        if digest != digest_of(text.encode()):
            return None
        record = json.loads(text)
        if record["library"] != digest_of(library.read_bytes()):
            return None
        inputs = [tuple(path) for path in record["inputs"]]
        return Packed(_entry(key, library), inputs, record["results"], arguments)
    except (OSError, ImportError, AttributeError, ValueError, LookupError, TypeError):
        return None


def save(folder: Path, key: str, pack: Packed) -> None:
    """Keep a pack, whole or not at all; nothing happens where that is not possible."""
    try:
        library = Path(pack.entry.__self__.__file__).read_bytes()  # type: ignore[attr-defined]
        record = {"library": digest_of(library), "inputs": pack.inputs, "results": pack.results}
        text = json.dumps(record, separators=(",", ":"))
        _write(folder / f"{key}.so", library)
        _write(folder / f"{key}.json", f"{text}\n{digest_of(text.encode())}".encode())
    except OSError:
        return


def _write(path: Path, content: bytes) -> None:
    handle, part = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def _entry(key: str, library: Path) -> Function:
    os.environ[DATA] = str(torch._C._dynamo.guards._torchinductor_pyobject_tensor_data_ptr)  # type: ignore[attr-defined]
    spec = importlib.util.spec_from_file_location(f"{key}.{ENTRY}", library)
    if spec is None or spec.loader is None:
        raise ImportError(library)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    entry: Function = getattr(module, ENTRY)
    return entry


def key_of(made_from: str, name: str, arguments: Any) -> str:
    """Stands for a function and for the kind of its arguments."""
    kinds = [
        (path, tuple(part.shape), part.stride(), str(part.dtype))
        if isinstance(part, Tensor)
        else (path, type(part).__qualname__, len(part))
        for path, part in parts(arguments)
    ]
    settings = (
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        str(torch.get_default_dtype()),
        torch.get_float32_matmul_precision(),
        torch.are_deterministic_algorithms_enabled(),
    )
    return digest_of(repr((made_from, name, kinds, settings)).encode())


def _on_cpu(arguments: Any) -> bool:
    return all(part.device.type == "cpu" for _, part in parts(arguments) if isinstance(part, Tensor))


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
