"""A spec that trains in a second, and a run of it."""

from __future__ import annotations

import pytest
from pictures import draws_curves

import taxon

__all__ = ["draws_curves"]  # a fixture


def quick_spec() -> taxon.Spec:
    """SAC with small networks and a short warm-up."""
    return taxon.load("sac").set(
        {"network.hidden": [8, 8], "data.batch": 16, "data.warmup": 50, "data.capacity": "1k", "gamma": 0.9}
    )


@pytest.fixture(scope="session")
def quick() -> taxon.Spec:
    return quick_spec()


@pytest.fixture(scope="session")
def trained(quick: taxon.Spec, tmp_path_factory: pytest.TempPathFactory) -> taxon.Run:
    """Two seeds in Pendulum-v1, evaluated at steps 0, 120 and 240."""
    out = tmp_path_factory.mktemp("trained") / "run"
    return taxon.train(
        quick,
        env="Pendulum-v1",
        seeds=2,
        steps=240,
        eval_every=120,
        eval_episodes=2,
        device="cpu",
        workers=0,
        out=out,
        progress=False,
    )
