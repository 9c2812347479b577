"""Install the peers, each family in an environment of its own outside this repository.

    python -m benchmarks.peers install DIR [stable single]

CleanRL and LeanRL are scripts, not libraries: README.md says which checkouts to put beside the environments.
"""

import argparse
import subprocess
import sys
from pathlib import Path

# Versions that work together. `single` runs scripts written for gymnasium 0.29: later ones report an episode's end in
# another form. LeanRL's scripts need tensordict below 0.9, and numpy below 2, as their requirements say.
FAMILIES = {
    "stable": (
        "torch==2.13.0",
        "stable-baselines3==2.9.2",
        "sbx-rl==0.28.0",
        "jax==0.10.2",
        "gymnasium==1.4.0",
        "mujoco==3.17.0",
        "imageio==2.38.1",
        "packaging",
    ),
    "single": (
        "torch==2.13.0",
        "gymnasium==0.29.1",
        "mujoco==3.17.0",
        "imageio==2.38.1",
        "numpy==1.26.4",
        "tensordict==0.8.3",
        "torchrl==0.8.1",
        "tensorboard==2.21.0",
        "tyro==1.0.17",
        "tqdm",
        "packaging",
    ),
}


def install(folder: Path, families: list[str]) -> None:
    """Make each family's environment, or bring it up to the versions above."""
    if folder.resolve().is_relative_to(Path(__file__).resolve().parent.parent):
        sys.exit(f"{folder} is inside the repository: peers are no part of it; name a folder elsewhere")
    for family in families:
        place = folder / family
        if not (place / "bin" / "python").exists():
            subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        subprocess.run([str(place / "bin" / "python"), "-m", "pip", "install", "-q", *FAMILIES[family]], check=True)
        print(f"{family}: {place}")


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.peers", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("action", choices=["install"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("families", nargs="*", help=f"{', '.join(FAMILIES)} [default: both]")
    options = parser.parse_args()
    if unknown := set(options.families) - set(FAMILIES):
        parser.error(f"no such family: {', '.join(sorted(unknown))}; there are {', '.join(FAMILIES)}")
    try:
        install(options.folder, options.families or list(FAMILIES))
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error.cmd[0]} ended with code {error.returncode}: see above")


if __name__ == "__main__":
    main()
