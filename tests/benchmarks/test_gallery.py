"""The gallery: its page and its table of curves belong together, and its commands are those of specs that mean something."""

from __future__ import annotations

import shlex
from collections import Counter

import pytest

from benchmarks import gallery
from taxon.cli.frontend import resolve_for


def test_the_page_is_what_is_written() -> None:
    assert gallery.PAGE.read_text("utf-8") == gallery.page()


def test_every_curve_is_recorded_whole() -> None:
    """Each seed of each curve at the same steps from 0 on, and nothing beside."""
    steps = {(command, seed): [] for command in (curve.command for curve in gallery.every_curve()) for seed in range(3)}
    for point in gallery.read():
        steps[point.command, point.seed].append(point.step)
    assert all(found == sorted(set(found)) and found[0] == 0 and len(found) > 5 for found in steps.values())
    lengths = Counter(command for command, _ in steps for _ in range(1))
    assert set(lengths.values()) == {gallery.SEEDS}
    for curve in gallery.every_curve():
        assert len({tuple(steps[curve.command, seed]) for seed in range(gallery.SEEDS)}) == 1


def test_there_is_a_picture_for_each_environment_and_no_other() -> None:
    assert {path.name for path in gallery.FOLDER.glob("*.png")} == {part.picture for part in gallery.PARTS}
    assert all((gallery.FOLDER / part.picture).read_bytes().startswith(b"\x89PNG") for part in gallery.PARTS)


@pytest.mark.parametrize("curve", gallery.every_curve(), ids=lambda curve: f"{curve.example} {curve.environment}")
def test_a_command_means_something(curve: gallery.Curve) -> None:
    words = shlex.split(curve.command)
    assert words[:2] == ["taxon", "run"]
    resolution = resolve_for(str(gallery.ROOT / words[2]), curve.settings, curve.environment)
    assert resolution.row is not None
