"""How the package may be put together: imports run one way, no algorithm's name decides anything, text is never run."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import taxon

ROOT = Path(taxon.__file__).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "_data" not in path.parts)
TREES = {path: ast.parse(path.read_text("utf-8")) for path in FILES}

# What each package may import of ours, beside itself. `data` finds the files that are shipped, and
# `cache` keeps what is made of them.
FRONT = ("diagnostics", "syntax", "taxonomy", "semantics", "compiler", "derivation")
BACK = ("operators", "networks", "runtime")
ALLOWED = {
    "diagnostics": set(),
    "syntax": {"diagnostics", "data", "cache"},
    "taxonomy": {"diagnostics", "syntax", "errors"},
    "semantics": {"diagnostics", "syntax", "taxonomy", "data", "errors"},
    "highlighting": {"syntax", "taxonomy", "semantics"},
    "compiler": {"taxonomy", "semantics", "errors"},
    "derivation": {"taxonomy", "semantics", "compiler"},
    "operators": set(),
    "networks": {"operators"},
    "figures": {"diagnostics"},
    "runtime": {"operators", "networks", "tasks", "figures", "version", "errors"},
    "tasks": set(),
    "data": set(),
    "cache": set(),
    "version": set(),
    "errors": set(),
    "__main__": {"cli"},
    "studies": {*FRONT, *BACK, "figures", "data", "version"},
    "server": set(FRONT),
    "hub": {*FRONT, *BACK, "figures", "data"},
    "cli": {*FRONT, *BACK, "highlighting", "figures", "data", "studies", "server", "hub", "version", "errors"},
    "api": {*FRONT, *BACK, "figures", "studies", "errors"},
}

# What training alone needs. The command line imports these inside `run` and `eval`, or not at all.
HEAVY = {
    *("torch", "numpy", "scipy", "gymnasium", "mujoco", "dm_control", "shimmy", "safetensors", "matplotlib", "imageio"),
    *("optuna", "wandb", "mlflow", "trackio", "huggingface_hub", "onnx", "onnxruntime"),
}


def package(path: Path) -> str:
    """The package of a file, or the file's own name directly under the root."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Every module that a file imports, anywhere in it."""
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            if node.module == "taxon":
                yield from ((f"taxon.{alias.name}", node) for alias in node.names)
            else:
                yield node.module or "", node


def ours(path: Path) -> set[str]:
    return {name.split(".")[1] for name, _ in imports(path) if name.startswith("taxon.")}


def foreign(path: Path) -> set[str]:
    return {name.split(".")[0] for name, _ in imports(path)} - {"taxon"} - sys.stdlib_module_names


def each(paths: list[Path]) -> Callable[[Callable[[Path], None]], Callable[[], None]]:
    """One test of what holds for every file, which says where it does not: thousands of them would take a while."""

    def tested(check: Callable[[Path], None]) -> Callable[[], None]:
        def test() -> None:
            wrong = {}
            for path in paths:
                try:
                    check(path)
                except (AssertionError, pytest.fail.Exception) as error:
                    wrong[str(path.relative_to(ROOT))] = str(error)
            assert wrong == {}

        return test

    return tested


CODE = [path for path in FILES if path.name != "__init__.py" or path.parent != ROOT]


@each(CODE)
def test_imports_run_one_way(path: Path) -> None:
    assert ours(path) <= ALLOWED[package(path)] | {package(path)}


def module_name(path: Path) -> str:
    return f"taxon.{'.'.join(path.relative_to(ROOT).with_suffix('').parts)}"


def arrows(inside: str) -> dict[str, set[str]]:
    """Which modules of a package import which, hidden imports included: those in functions and for the type checker."""
    named = {module_name(path) for path in FILES}
    graph = {}
    for path in FILES:
        if package(path) == inside and path.name != "__init__.py":
            found = {other for other, _ in imports(path)} | {
                f"{node.module}.{alias.name}"
                for _, node in imports(path)
                if isinstance(node, ast.ImportFrom)
                for alias in node.names
            }
            graph[module_name(path)] = found & named
    return graph


def circle(graph: dict[str, set[str]]) -> set[str]:
    """What is left of a graph when everything that nothing left points at is taken away, again and again."""
    while ready := {name for name, others in graph.items() if not (others - {name}) & graph.keys()}:
        graph = {name: others for name, others in graph.items() if name not in ready}
    return set(graph)


@pytest.mark.parametrize("inside", sorted({package(path) for path in FILES if path.parent != ROOT}))
def test_a_package_has_no_circles(inside: str) -> None:
    assert circle(arrows(inside)) == set()


def room(name: str) -> str:
    """The room of a module of a package that has rooms, or the module itself where it lies beside them."""
    return ".".join(name.split(".")[2:][: 2 if name.count(".") == 2 else 1])


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("runtime", {"environments", "experience", "device", "loop", "folder"}),
        ("cli", {"screen", "specs", "arguments", "program", "commands"}),
    ],
)
def test_the_rooms_of_a_package_have_no_circles(package: str, rooms: set[str]) -> None:
    graph: dict[str, set[str]] = {}
    for name, others in arrows(package).items():
        graph.setdefault(room(name), set()).update(room(other) for other in others)
    assert rooms <= graph.keys()
    assert circle(graph) == set()


def test_the_search_finds_circles() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == {"a", "b", "c", "d"}


@each([path for path in CODE if package(path) in FRONT])
def test_the_front_end_is_light(path: Path) -> None:
    """Checking reads text, which lark parses."""
    assert foreign(path) <= {"lark"}


@each([path for path in CODE if package(path) in ("operators", "networks")])
def test_the_library_needs_torch_alone(path: Path) -> None:
    assert foreign(path) <= {"torch"}


STATISTICS = [path for path in CODE if path.parent == ROOT / "studies" / "statistics"]


@each(STATISTICS)
def test_statistics_are_functions_of_arrays(path: Path) -> None:
    """They know nothing of specs, runs or files."""
    assert foreign(path) <= {"numpy", "scipy"}
    assert {name for name, _ in imports(path) if name.startswith("taxon")} <= {
        f"taxon.studies.statistics.{other.stem}" for other in STATISTICS
    } | {"taxon.studies.statistics"}


def is_for_types(node: ast.AST) -> bool:
    """Whether something is read by a type checker alone."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@each([path for path in CODE if package(path) == "cli"])
def test_commands_import_what_training_needs_when_they_train(path: Path) -> None:
    inside = {
        node
        for later in ast.walk(TREES[path])
        if isinstance(later, ast.FunctionDef) or is_for_types(later)
        for node in ast.walk(later)
    }
    for name, node in imports(path):
        heavy = name.split(".")[0] in HEAVY or name.split(".")[:2] in (["taxon", "operators"], ["taxon", "networks"])
        heavy = heavy or name.startswith(("taxon.studies.statistics", "taxon.studies.report", "taxon.figures"))
        light = (
            "taxon.runtime.environments.faults",
            "taxon.runtime.environments.recipe",
            "taxon.runtime.errors",
            "taxon.runtime.folder.run_folder",
            "taxon.runtime.options",
        )
        if heavy or (name.startswith("taxon.runtime") and name not in light):
            assert node in inside, f"line {node.lineno} imports {name} for every command"


@each([path for path in CODE if package(path) == "api"])
def test_a_program_imports_what_training_needs_when_it_trains(path: Path) -> None:
    inside = {
        node
        for called in ast.walk(TREES[path])
        if isinstance(called, ast.FunctionDef | ast.If)
        for node in ast.walk(called)
    }
    for name, node in imports(path):
        if name.split(".")[0] in HEAVY | {"IPython", "pandas", "polars"} or name.startswith("taxon.figures"):
            assert node in inside, f"line {node.lineno} imports {name} for every program"


# The thirteen rows of Table 1, as words. PoWER is one by its spelling alone: a power is a number.
ALGORITHMS = ("mpo", "awr", "awac", "sac", "rwr", "reps", "urex", "v[-_]?mpo", "trpo", "ppo", "ddpg", "td3")
NAMED = re.compile(rf"(?<![a-zA-Z0-9])((?i:{'|'.join(ALGORITHMS)})|PoWER)(?![a-zA-Z0-9])")

# Where a paper is cited or an entry of Table 1 is printed: these keyword arguments and functions hold prose.
PROSE = {"doc", "why", "source", "equation", "term", "help", "title", "message", "description"}
WORDS = re.compile(r"[A-Za-z0-9_.-]+\Z")


def docstrings(tree: ast.Module) -> set[ast.AST]:
    """Strings that are statements of their own."""
    return {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def identifiers(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Every name that code gives or reads, and every string that code could compare with a name.

    A string of several words is prose (a message, a citation); a string that is one word is data.
    """
    told = docstrings(tree)
    prose = {
        keyword.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in PROSE
    }
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.arg(arg=name):
                yield name, node
            case ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                yield name, node
            case ast.alias(name=name, asname=alias):
                yield f"{name} {alias or ''}", node
            case ast.Constant(value=str(text)) if node not in told | prose and WORDS.match(text):
                yield text, node


@each(CODE)
def test_no_algorithm_is_named_in_code(path: Path) -> None:
    """The row is the program: what is compared, called or looked up never is an algorithm's name."""
    found = [(text, getattr(node, "lineno", 0)) for text, node in identifiers(TREES[path]) if NAMED.search(text)]
    assert found == []


@pytest.mark.parametrize(
    "text",
    ['if name == "sac": pass', "def sac_loss(): pass", "import x.mpo", "x.AWR", "x = {'v-mpo': 1}", "PoWER = 1"],
)
def test_the_search_finds_names(text: str) -> None:
    assert any(NAMED.search(name) for name, _ in identifiers(ast.parse(text)))


@pytest.mark.parametrize(
    "text", ['"""SAC."""', 'Choice("x", doc="MPO")', "sacrifice = awry ** power", 'why("it is what MPO does")']
)
def test_the_search_leaves_prose_alone(text: str) -> None:
    assert not any(NAMED.search(name) for name, _ in identifiers(ast.parse(text)))


EXECUTES = {"eval", "exec", "__import__"}
UNSAFE = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}

# The one place where text becomes code: the module that the compiler itself has just printed.
LOADER = ROOT / "runtime" / "folder" / "module.py"


@each(FILES)
def test_a_spec_is_data(path: Path) -> None:
    assert not {name.split(".")[0] for name, _ in imports(path)} & UNSAFE
    for node in ast.walk(TREES[path]):
        match node:
            case ast.Call(func=ast.Name(id=name)) if path != LOADER:
                assert name not in EXECUTES | {"compile"}, f"line {node.lineno}"
            case ast.Attribute(value=ast.Name(id="torch"), attr=name):
                assert name not in ("load", "save"), f"line {node.lineno}"
            case ast.keyword(arg="allow_pickle", value=ast.Constant(value=True)):
                pytest.fail(f"line {node.value.lineno} allows pickles")


# Who imports a module by a name that it is given: of a command, of installed packages that extend the language, and
# what the user names for an environment.
IMPORTERS = {
    "__init__.py",
    "cli/main.py",
    "compiler/packages.py",
    "taxonomy/language.py",
    "runtime/environments/importing.py",
}


@each(FILES)
def test_what_is_imported_is_written_down(path: Path) -> None:
    """A constant, or what an installed package declares: no text that is read names a module."""
    for node in ast.walk(TREES[path]):
        match node:
            case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"), args=[name, *_]):
                known = isinstance(name, ast.Constant) or str(path.relative_to(ROOT)) in IMPORTERS
                assert known, f"line {node.lineno}"


# What opens, makes, finds or removes a file by its path: below a run's folder it would follow a stranger's link.
BY_PATH = {
    *("read_text", "read_bytes", "write_text", "write_bytes", "touch", "unlink", "mkdir", "rmdir", "iterdir", "glob"),
    *("rglob", "symlink_to", "hardlink_to", "is_file", "is_dir", "exists", "samefile"),
}
HARMLESS = {
    *(
        "os.fsencode",
        "os.fsync",
        "os.fstat",
        "os.fspath",
        "os.cpu_count",
        "os.sysconf",
        "os.environ",
        "os.getpid",
        "os.kill",
        "os.path",
    ),
    *("os.close", "os.sched_getaffinity", "os.sched_yield", "os.dup", "os.pread", "os.pathsep", "os.memfd_create"),
}

# Who deals with a run's folder. Only `RunFolder` opens what is in one; the others may reach what lies elsewhere: the
# user's cache, taxon's own files, a temporary folder, a file without a name, and the run's folder itself.
READERS = [
    *(path for path in CODE if package(path) == "runtime" and path.name != "run_folder.py"),
    *(path for path in CODE if package(path) == "hub"),
    *(ROOT / "api" / f"{name}.py" for name in ("run", "recorded", "training")),
    *(path for path in CODE if path.parent in [ROOT / "studies" / room for room in ("running", "moving", "tuning")]),
    *(ROOT / "cli" / "commands" / f"{name}.py" for name in ("run", "tune", "evaluate")),
    *sorted((ROOT / "cli" / "commands" / "study").glob("*.py")),
    *(ROOT / "cli" / f"{name}.py" for name in ("arguments/running", "arguments/sides", "specs/run_folder")),
]
ELSEWHERE = {
    "hub/arriving.py": {"tempfile.TemporaryDirectory", "mkdir", "exists"},  # the folder that the user names
    "hub/relative.py": {"glob"},  # the shipped specs
    "runtime/device/cache.py": {
        *("mkdir", "glob", "open", "iterdir", "is_dir", "unlink", "shutil.rmtree", "tempfile.gettempdir"),
        *("tempfile.mkdtemp", "tempfile.TemporaryFile", "tempfile.NamedTemporaryFile", "os.geteuid"),
    },
    "runtime/device/made_from.py": {"open", "is_dir", "rglob", "read_bytes", "shutil.which"},
    "runtime/device/packs.py": {"read_text", "read_bytes", "tempfile.mkstemp", "os.fdopen", "os.replace", "unlink"},
    "runtime/edited/reading.py": {"exists", "is_file", "open"},  # the module that the user names
    "runtime/environments/environment.py": {"os.getcwd", "os.chdir"},
    "runtime/device/inductor/changes.py": {"read_bytes", "glob"},
    "runtime/device/inductor/products.py": {"exists", "read_text"},
    "runtime/environments/importing.py": {"is_file", "is_dir", "read_bytes"},
    "runtime/folder/module.py": {"write_text"},
    "runtime/options.py": {"mkdir", "exists", "is_dir", "iterdir"},
    "runtime/policies/exporting.py": {"tempfile.TemporaryDirectory"},
    "runtime/policies/opening.py": {"tempfile.TemporaryDirectory"},
    "runtime/environments/vectors/shared_memory.py": {"tempfile.TemporaryFile", "os.truncate"},
    "runtime/prepared.py": {"tempfile.TemporaryDirectory"},
    "studies/running/machine.py": {"is_dir", "iterdir"},  # the system's list of GPUs
    "studies/running/probing.py": {"tempfile.TemporaryDirectory"},
    "studies/running/processes.py": {"read_text", "os.readlink", "exists", "os.getppid"},  # and of processes
    "studies/running/store.py": {"mkdir", "exists"},  # the folders that the user names
}


def opened_by_path(tree: ast.Module) -> set[str]:
    """What a file opens, looks for or removes by a path."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="open" | "SummaryWriter" as name)):
                found.add(name)
            case ast.Attribute(attr=name) if name in BY_PATH:
                found.add(name)
            case ast.Attribute(value=ast.Name(id="os" | "shutil" | "tempfile" as module), attr=name):
                found.add(f"{module}.{name}")
            case ast.Call(func=ast.Attribute(attr="open"), args=[] | [ast.Constant(), *_]):
                found.add("open")
    return found - HARMLESS


@each(READERS)
def test_a_runs_folder_is_opened_in_one_place(path: Path) -> None:
    assert opened_by_path(TREES[path]) == ELSEWHERE.get(str(path.relative_to(ROOT)), set())


@pytest.mark.parametrize(
    "text",
    [
        *('open("x")', 'path.open("rb")', "(folder / name).read_bytes()", "os.replace(one, other)", "os.open(path, 0)"),
        *(
            "shutil.copy(one, other)",
            "folder.glob(pattern)",
            "path.unlink()",
            "SummaryWriter(path)",
            "os.truncate(p, 3)",
        ),
    ],
)
def test_the_search_finds_what_is_opened(text: str) -> None:
    assert opened_by_path(ast.parse(text))
