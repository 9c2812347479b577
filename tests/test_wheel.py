"""What is built: a wheel and a source distribution that work where neither the checkout nor git is.

Each is built and installed without a network, into an environment of its own that sees what taxon requires and no
other taxon.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

pytest.importorskip("hatchling")
ROOT = Path(__file__).parents[1]
NEEDED = sysconfig.get_paths()["purelib"]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A process that has no PYTHONPATH and no checkout around it."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    surroundings = kept | {"OMP_NUM_THREADS": "1", "COLUMNS": "120", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    words = list(map(str, command))
    return subprocess.run(words, cwd=cwd, env=surroundings, capture_output=True, text=True, timeout=300)


def build(source: Path, out: Path, *kinds: str) -> list[Path]:
    for kind in kinds:
        done = run(sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", out, cwd=source)
        assert done.returncode == 0, done.stderr
    return sorted(out.iterdir())


@dataclass(frozen=True)
class Built:
    """The files of a build: the wheel, the source distribution, and the wheel that this one makes in turn."""

    wheel: Path
    source: Path
    again: Path

    def names(self, wheel: Path) -> set[str]:
        with zipfile.ZipFile(wheel) as packed:
            return set(packed.namelist())

    @property
    def metadata(self) -> Message:
        with zipfile.ZipFile(self.wheel) as packed:
            (name,) = (name for name in packed.namelist() if name.endswith(".dist-info/METADATA"))
            return message_from_bytes(packed.read(name))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    source, wheel = build(ROOT, folder / "first", "sdist", "wheel")[::-1]
    shutil.unpack_archive(source, folder / "unpacked")
    (unpacked,) = (folder / "unpacked").iterdir()
    assert not (unpacked / ".git").exists()
    (again,) = build(unpacked, folder / "second", "wheel")
    return Built(wheel, source, again)


@pytest.fixture(scope="module", params=["wheel", "sdist"])
def installed(built: Built, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment's folder of programs, with taxon installed from a file alone."""
    place = tmp_path_factory.mktemp(f"environment-{request.param}")
    venv.create(place, symlinks=True)
    python = place / "bin" / "python"
    wheel = built.wheel if request.param == "wheel" else built.again
    options = ["--quiet", "--no-deps", "--no-index"]
    done = run(sys.executable, "-m", "pip", "--python", python, "install", *options, wheel, cwd=place)
    assert done.returncode == 0, done.stderr
    # A line of a path file adds a folder, but reads no path files there: an editable taxon stays unseen.
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "needed.pth").write_text(f"{NEEDED}\n", "utf-8")
    return place / "bin"


def test_both_ways_lead_to_one_wheel(built: Built) -> None:
    assert built.names(built.wheel) == built.names(built.again)


def test_the_wheel_holds_what_taxon_reads(built: Built) -> None:
    held = built.names(built.wheel)
    specs = {f"taxon/_data/specs/{path.name}" for path in (ROOT / "specs").glob("*.tx")}
    code = {path.relative_to(ROOT).as_posix() for path in (ROOT / "taxon").rglob("*.py")}
    assert specs | code | {"taxon/py.typed", "taxon/_data/grammar/taxon.lark"} <= held
    assert {name.split("/")[0] for name in held} == {"taxon", f"{built.wheel.name.rsplit('-', 3)[0]}.dist-info"}
    assert not [name for name in held if name.endswith((".pyc", ".so"))]


def test_the_source_holds_what_the_tests_read(built: Built) -> None:
    with tarfile.open(built.source) as packed:
        held = {name.partition("/")[2] for name in packed.getnames()}
    assert {
        "README.md",
        "PACKAGE.md",
        "LICENSE",
        "constraints.txt",
        "pyproject.toml",
        ".ci/run",
        "docs/index.md",
    } <= held
    tests = {path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("test_*.py")}
    assert tests <= held


def test_the_metadata(built: Built) -> None:
    metadata = built.metadata
    assert metadata["Name"] == "taxon-rl"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata.get_payload() == (ROOT / "PACKAGE.md").read_text("utf-8")
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert {"lsp", "tune", "ray", "parquet"} <= set(metadata.get_all("Provides-Extra", []))
    assert not metadata.get_all("Project-URL")  # there is no page to name


def test_it_is_this_one_and_works(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import taxon; print(taxon.__file__)", cwd=tmp_path)
    assert where.stdout.startswith(str(installed.parent)), where
    version = run(installed / "taxon", "--version", cwd=tmp_path)
    assert (version.returncode, version.stdout.split()[0]) == (0, "taxon"), version
    listed = run(installed / "taxon", "list", cwd=tmp_path)
    assert len(listed.stdout.splitlines()) > 50, listed
    assert run(installed / "taxon", "check", "no_such_spec.tx", cwd=tmp_path).returncode == 2
    assert "Wrong:" in run(installed / "taxon", "explain", "TX307", cwd=tmp_path).stdout


def test_it_trains(installed: Path, tmp_path: Path) -> None:
    words = "run ppo --env CartPole-v1 --steps 1024 --eval-every 512 --eval-episodes 1 --compile off --workers 0"
    done = run(installed / "taxon", *words.split(), "--device", "cpu", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    left = {path.name for path in (tmp_path / "runs" / "ppo-CartPole-v1-1").iterdir()}
    assert {"run.json", "metrics.jsonl", "curve.png"} <= left
