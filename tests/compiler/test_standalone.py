"""One file that trains alone, with the same numbers as the packaged runtime."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny import CPU, SPECS, lint, row_of, same

from taxon.compiler import emit, standalone
from taxon.compiler.library import PACKAGES, exports, package_files, read
from taxon.compiler.standalone import RUNTIME
from taxon.operators.observations import Array
from taxon.runtime.environments.environment import make
from taxon.runtime.environments.recipe import Recipe
from taxon.runtime.folder import module
from taxon.runtime.loop.loop import Loop, streams
from taxon.taxonomy.schema import Row

SIZES = ("data.warmup = 20", "data.batch = 16", "network.hidden = [16, 16]")
ROUND = ("data.environments = 2", "data.steps = 6")
EPOCHS = ("data.policy_epochs = 1", "data.value_epochs = 1", "data.batch = 8")
# Small enough to train for a few steps at once.
SCRIPTS = {
    "mpo": (*SIZES, "data.sequences.length = 4"),
    "sac": SIZES,
    "awr": (
        *SIZES,
        "data.steps_per_update = 20",
        "data.episodes.value_updates = 3",
        "data.episodes.policy_updates = 3",
    ),
    "awac": SIZES,
    "td3": SIZES,
    "ppo": (*ROUND, *EPOCHS, "network.hidden = [16, 16]"),
    "ppo_clip": (*ROUND, *EPOCHS, "network.hidden = [16, 16]", "pi_theta = beta"),
    "awac_double": (*SIZES, "pi_theta = mixture(3, normal(mean(s), cov))"),
    "trpo": (*ROUND, "data.value_epochs = 1", "data.batch = 8", "network.hidden = [16, 16]"),
    "rwr": (*ROUND, "data.policy_epochs = 1", "data.batch = 8", "network.hidden = [16, 16]"),
    "vmpo discrete": (*ROUND, *EPOCHS, "network.hidden = [16, 16]"),
    "reps discrete": ROUND,
    "urex discrete": (*ROUND, "data.restarts.group = 2", "network.hidden = [16]"),
}


def row(script: str, *sets: str) -> Row:
    """The row of `spec` or of `spec discrete`."""
    name, _, actions = script.partition(" ")
    return row_of(name, *sets, actions=actions or None)


def defined(tree: ast.Module) -> list[str]:
    """Every name that the top level of a file gives a meaning to, imports included."""
    names: list[str] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            names += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names += [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    return names


@pytest.mark.parametrize("spec", SCRIPTS)
def test_a_script_stands_alone(spec: str, tmp_path: Path) -> None:
    text = standalone(emit(row(spec)))
    tree = ast.parse(text)
    imported = {node.module for node in tree.body if isinstance(node, ast.ImportFrom)} | {
        alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names
    }
    assert not [name for name in imported if (name or "").startswith("taxon")]
    assert [name for name, count in Counter(defined(tree)).items() if count > 1] == []
    (tmp_path / f"{spec.split()[0]}_agent.py").write_text(text, encoding="utf-8")
    assert lint(tmp_path, "E,F,W,I,UP,B,RUF") == []


def test_nothing_is_written_out_that_is_not_used() -> None:
    """Every definition of a script but its last is named by another."""
    tree = ast.parse(standalone(emit(row_of("sac"))))
    definitions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for name, node in definitions.items():
        others = [other for other in tree.body if other is not node]
        used = {part.id for other in others for part in ast.walk(other) if isinstance(part, ast.Name)}
        assert name in used, name


def test_the_library_has_each_name_once() -> None:
    """Two files may not give one name two meanings: in a script the later would win."""
    files = [f"{package}/{name}" for package in PACKAGES for name in package_files(package)]
    files += RUNTIME
    places = Counter(name for file in files for name in read(file).definitions())
    assert [name for name, count in places.items() if count > 1] == []


@pytest.mark.parametrize("spec", SCRIPTS)
def test_a_script_trains_the_same_numbers(spec: str, tmp_path: Path) -> None:
    text = emit(row(spec, *SCRIPTS[spec]))
    packaged = module.load(text, tmp_path / "packaged.py")
    alone = module.load(standalone(text), tmp_path / "alone.py")

    def trained(built, make, loop_class, several):
        sources = several([3, 4], CPU, built.DATA.environments)
        world = "CartPole-v1" if built.Agent.discrete else "Pendulum-v1"
        places = [make(world, seed) for seed in sources.environment]
        agent = built.Agent(places[0].layout, places[0].action)
        loop = loop_class(agent, built.DATA, places, sources, 45, CPU)
        while loop.steps < 45:
            loop.step()
        return loop

    ours = trained(packaged, lambda id, seed: make(Recipe(id), seed), Loop, streams)
    theirs = trained(alone, alone.make, alone.Loop, alone.streams)
    assert min(ours.updates.values()) >= 3
    assert ours.updates == theirs.updates
    assert same(ours.state, theirs.state)


def test_a_script_runs_where_taxon_is_not(tmp_path: Path) -> None:
    text = emit(row_of("sac", *SCRIPTS["sac"]))
    script = tmp_path / "sac_agent.py"
    script.write_text(standalone(text), encoding="utf-8")
    steps, seeds = 230, 2
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}
    # the interpreter that runs the tests may have the package installed: a finder in front says no
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['taxon'] = None\n", encoding="utf-8")

    def called(options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, script.name, *options.split()],
            cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    short = called("--env Pendulum-v1 --steps 19")
    assert short.returncode == 2
    assert "--steps 19 makes no update: ask for 20 or more" in short.stderr
    options = f"--env Pendulum-v1 --steps {steps} --seeds {seeds} --device cpu --eval-every 200 --eval-episodes 1"
    shown = called(options)
    assert shown.returncode == 0, shown.stderr

    torch.set_num_threads(1)
    built = module.load(text, tmp_path / "packaged.py")
    evaluate = module.load(script.read_text(encoding="utf-8"), tmp_path / "alone.py").evaluate
    sources = streams(range(seeds), CPU)
    places = [make(Recipe("Pendulum-v1"), seed) for seed in sources.environment]
    trials = [make(Recipe("Pendulum-v1"), seed) for seed in sources.evaluation]
    agent = built.Agent(Array((3,)), 1)
    loop = Loop(agent, built.DATA, places, sources, steps, CPU)
    lines = []
    while loop.steps < steps:
        loop.step()
        for each in loop.take_episodes():
            lines.append(f"step {each.step} seed {each.seed} return {each.total:.1f} length {each.length}")
        if loop.steps in (200, steps):
            returns = evaluate(agent, loop, trials, 1)
            lines.append(f"step {loop.steps} evaluation {np.array2string(returns, precision=1)}")
    assert [line.partition(" at ")[0] for line in shown.stdout.splitlines()] == lines


def test_what_the_library_exports_is_what_its_syntax_trees_define() -> None:
    sources = [read(f"{package}/{file}") for package in PACKAGES for file in package_files(package)]
    defined = {name: source.module for source in sources for name in source.definitions() if not name.startswith("_")}
    assert exports() == defined


def test_every_shipped_spec_has_a_script() -> None:
    for path in sorted(SPECS.glob("*.tx")):
        if path.stem != "architectures":
            ast.parse(standalone(emit(row_of(path.stem))))
