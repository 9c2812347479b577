"""`taxon doctor`: each part of a machine, as it is and as it might be."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import time
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from cli.program import taxon

from taxon.cli.doctoring import compiling, computing, packages, showing
from taxon.cli.doctoring.finding import Finding, State, lines
from taxon.cli.screen.terminal import Screen
from taxon.version import VERSION


def test_what_is_here() -> None:
    began = time.monotonic()
    called = taxon("doctor", "--json")
    assert time.monotonic() - began < 20  # 5 on a machine that does nothing else
    found = json.loads(called.stdout)
    assert (called.exit_code, found["ok"], found["taxon"], found["format_version"]) == (0, True, VERSION, 1)
    names = [each["name"] for each in found["findings"]]
    assert names[0] == "Python"
    assert {"torch", "devices", "cores", "compiler", "cache", "MuJoCo", "ffmpeg", "completion"} <= set(names)
    assert all(each["next"] for each in found["findings"] if each["state"] != "ok")
    shown = taxon("doctor")
    assert shown.exit_code == 0
    assert [line.split()[:2] for line in shown.stdout.splitlines() if not line.startswith(" ")] == [
        [each["state"], each["name"]] for each in found["findings"]
    ]


def test_what_run_needs_decides_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Finding("torch", State.WRONG, "not installed", "pip install torch")
    monkeypatch.setattr("taxon.cli.commands.doctor.examined", lambda: iter([Finding("Python", State.FINE, "3"), wrong]))
    called = taxon("doctor")
    assert called.exit_code == 1
    assert called.stdout == "ok     Python  3\nwrong  torch   not installed\n               -> pip install torch\n"
    assert json.loads(taxon("doctor", "--json").stdout)["ok"] is False


def test_long_texts_are_wrapped_and_made_visible() -> None:
    long = Finding("cache", State.NOTE, "word " * 20, "do\x1b this " * 10)
    shown = list(lines([long], Screen(50)))
    assert all(len(line) <= 50 for line in shown)
    assert "\x1b" not in "".join(shown)
    assert shown[0].startswith("note   cache  word")


def installed(folder: Path, metadata: str) -> Distribution:
    place = folder / "some_package-1.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.4\nName: some-package\nVersion: 1\n{metadata}")
    return Distribution.at(place)


def test_packages(tmp_path: Path) -> None:
    found = installed(
        tmp_path,
        "Requires-Dist: typer>=0.15\n"
        "Requires-Dist: no-such-package>=1; python_version < '3.99'\n"
        "Requires-Dist: older-python-alone; python_version < '3.0'\n"
        "Requires-Dist: imageio[ffmpeg]>=2\n"
        'Requires-Dist: typer; extra == "there"\n'
        'Requires-Dist: nowhere-at-all>=2; extra == "absent"\n'
        "Provides-Extra: there\nProvides-Extra: absent\nProvides-Extra: dev\n",
    )
    needed = packages.needed(found)
    assert (needed.state, needed.found) == (State.WRONG, "missing: no-such-package")
    (extras,) = packages.extras(found)
    assert extras.found == "installed: there; not: absent"
    assert extras.next == "for one of them: pip install 'taxon-rl[absent]'"


def test_pythons() -> None:
    assert packages.python((3, 10, 9)).state is State.WRONG
    assert packages.python((3, 11, 0)).state is State.FINE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("cuda: Optional[str] = None\nhip: Optional[str] = None\n", "built for the CPU"),
        ("cuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n", "built for CUDA 12.8"),
        ("cuda = None\nhip = '6.4'\n", "built for HIP 6.4"),
        ("", "built for the CPU"),
    ],
)
def test_builds_of_torch(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "version.py").write_text(text)
    assert computing.build(tmp_path) == said


def test_more_threads_than_cores() -> None:
    found = computing.of_cores(2, 8, "8")
    assert (found.state, found.found) == (
        State.NOTE,
        "2 of this process, 8 threads of torch, as OMP_NUM_THREADS=8 asks",
    )
    assert "export OMP_NUM_THREADS=2" in found.next
    assert computing.of_cores(2, 2, None).state is State.FINE


def test_a_torch_that_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    (found,) = computing.findings()
    assert found.state is State.WRONG
    assert "cannot be imported" in found.found


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_compilers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shutil.which("g++")
    if real is not None:
        assert compiling.tried(real).state is State.FINE
    assert compiling.tried(None).state is State.NOTE
    silent = compiling.tried(str(program(tmp_path, "silent", "exit 3")))
    assert (silent.state, "compiles no library: exit code 3" in silent.found) == (State.NOTE, True)
    text = "echo 'x.cpp:1: fatal error: Python.h: No such file' >&2; exit 1"
    headless = compiling.tried(str(program(tmp_path, "headless", text)))
    assert "python3-dev" in headless.next
    monkeypatch.setattr(compiling, "_SECONDS", 0.2)
    assert "does not run" in compiling.tried(str(program(tmp_path, "slow", "exec sleep 5"))).found
    monkeypatch.setenv("CXX", str(tmp_path / "silent"))
    assert compiling.compiler() == str(tmp_path / "silent")
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert compiling.compiler() is None
    assert compiling.tried(None).found == "CXX names no-such-compiler, which is not there"


def test_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORCHINDUCTOR_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = compiling.cache()
    assert (found.state, found.found) == (State.FINE, f"{tmp_path}/taxon/compiled, 0 MiB of compiled graphs")
    assert not (tmp_path / "taxon").exists()  # nothing is made
    place = tmp_path / "taxon" / "compiled"
    place.mkdir(parents=True)
    (place / "graph").write_bytes(b"0" * 3 * 2**20)
    assert compiling.held(place) == (1, 3 * 2**20)
    assert "3 MiB" in compiling.cache().found
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert compiling.cache().state is State.NOTE


@pytest.mark.parametrize(
    ("environment", "platform", "state", "said"),
    [
        ({"MUJOCO_GL": "paint"}, "linux", State.NOTE, "MUJOCO_GL=paint is no way to draw"),
        ({}, "darwin", State.FINE, "draws with glfw"),
        ({"DISPLAY": ":0", "MUJOCO_GL": ""}, "darwin", State.FINE, "draws with glfw"),
    ],
)
def test_rendering(environment: dict[str, str], platform: str, state: State, said: str) -> None:
    found = showing.rendering(environment, platform)
    assert found.state is state
    assert said in found.found


def test_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(showing, "find_library", lambda name: None)
    found = showing.rendering({}, "linux")
    assert (found.state, "whose library EGL is missing" in found.found) == (State.NOTE, True)
    monkeypatch.setattr(showing, "find_library", lambda name: f"lib{name}.so")
    assert showing.rendering({}, "linux").state is State.FINE


def test_shells(tmp_path: Path) -> None:
    assert showing.completion({"SHELL": "/bin/bash"}, tmp_path).next == "taxon --install-completion"
    (tmp_path / ".bash_completions").mkdir()
    (tmp_path / ".bash_completions" / "taxon.sh").write_text("")
    assert showing.completion({"SHELL": "/bin/bash"}, tmp_path).state is State.FINE
    assert showing.completion({}, tmp_path).state is State.FINE
