"""Packages that extend the language: the examples, built and installed once, and made-up ones."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from installing import EXAMPLES, NAMES, Place


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """All examples, built and installed into one folder without a network."""
    place = tmp_path_factory.mktemp("examples")
    options = ["--quiet", "--no-build-isolation", "--no-deps", "--no-index", "--target", str(place)]
    folders = [str(EXAMPLES / name) for name in NAMES]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, *folders], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return Place(place)


@pytest.fixture
def made_up(tmp_path: Path) -> Callable[..., Place]:
    """Install a package into this test's folder: its name and version, what its entry point names, its modules."""

    def install(name: str = "stranger", version: str = "1.0", target: str = "", **modules: str) -> Place:
        module = name.replace("-", "_")
        metadata = tmp_path / f"{module}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: no\n")
        target = target or f"{module}:EXTENSION"
        (metadata / "entry_points.txt").write_text(f"[console_scripts]\nx = y:z\n\n[taxon.extensions]\nit = {target}\n")
        for path, text in modules.items():
            (tmp_path / f"{path}.py").write_text(text)
        return Place(tmp_path)

    return install
