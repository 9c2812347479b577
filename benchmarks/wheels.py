"""Fetch what `benchmarks.gpu` needs on a machine that reaches no registry and has Python 3.12, torch and numpy.

    python -m benchmarks.wheels DIR

Fills DIR/both, DIR/taxon and DIR/leanrl: taxon and LeanRL's scripts need different versions of gymnasium.
"""

import argparse
import subprocess
import sys
from pathlib import Path

SETS = {
    "both": (
        "mujoco==3.17.0",
        "glfw==2.11.0",
        "PyOpenGL==3.1.10",
        "Farama-Notifications==0.0.6",
    ),
    "taxon": (
        "gymnasium==1.4.0",
        "lark==1.3.1",
        "pydantic==2.14.3",
        "pydantic_core==2.50.4",
        "typing-inspection==0.4.5",
        "annotated-types==0.8.0",
        "Shimmy==2.0.1",
        "typer==0.29.2",
        "shellingham==1.5.4",
        "annotated-doc==0.0.7",
        "safetensors==0.8.0",
    ),
    "leanrl": (
        "gymnasium==0.29.1",
        "numpy==1.26.4",
        "tensordict==0.8.3",
        "torchrl==0.8.1",
        "importlib_metadata==8.7.0",
        "orjson==3.13.0",
        "tyro==1.0.17",
        "docstring-parser==0.18.0",
        "shtab==1.13.0",
        "typeguard==4.6.0",
    ),
}
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64")
MOST_BYTES = 60_000_000  # what a machine may take with the repository beside it


def download(folder: Path) -> int:
    """Fetch every set; the number of bytes."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
    command += ["--python-version", "3.12", "--implementation", "cp"]
    for platform in PLATFORMS:
        command += ["--platform", platform]
    for name, packages in SETS.items():
        subprocess.run([*command, "-d", str(folder / name), *packages], check=True)
    return sum(wheel.stat().st_size for wheel in folder.glob("*/*.whl"))


def install(folder: Path, name: str, place: Path) -> None:
    """Put `both` and the named set into a folder of packages, with the Python that runs this."""
    wheels = [str(wheel) for part in ("both", name) for wheel in sorted((folder / part).glob("*.whl"))]
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-compile"]
    subprocess.run([*command, "--upgrade", "--target", str(place), *wheels], check=True)


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.wheels", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    try:
        size = download(options.folder)
    except subprocess.CalledProcessError as error:
        sys.exit(f"pip ended with code {error.returncode}: see above")
    print(f"{size / 1e6:.1f} MB in {options.folder}")
    if size > MOST_BYTES:
        sys.exit(f"that is more than {MOST_BYTES / 1e6:.0f} MB: leave packages out that the machine has")


if __name__ == "__main__":
    main()
