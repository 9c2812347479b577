"""The gallery: its page and its table of curves belong together, and its commands mean something."""

from __future__ import annotations

import shlex

import pytest

from benchmarks import gallery
from taxon.cli.specs.loading import resolve_for
from taxon.runtime.environments.recipe import Recipe


def test_the_page_is_what_is_written() -> None:
    assert gallery.PAGE.read_text("utf-8") == gallery.page()


def test_every_curve_is_recorded_whole() -> None:
    """Each seed of each curve at the same steps from 0 on, and nothing beside."""
    commands = [curve.command for curve in gallery.every_curve()]
    steps: dict[tuple[str, int], list[int]] = {(each, seed): [] for each in commands for seed in range(gallery.SEEDS)}
    for point in gallery.read():
        steps[point.command, point.seed].append(point.step)
    assert all(found == sorted(set(found)) and found[0] == 0 and len(found) > 5 for found in steps.values())
    for each in commands:
        assert len({tuple(steps[each, seed]) for seed in range(gallery.SEEDS)}) == 1


def test_there_is_a_picture_for_each_environment_and_no_other() -> None:
    assert {path.name for path in gallery.FOLDER.glob("*.png")} == {part.picture for part in gallery.PARTS}
    assert all((gallery.FOLDER / part.picture).read_bytes().startswith(b"\x89PNG") for part in gallery.PARTS)


@pytest.mark.parametrize("curve", gallery.every_curve(), ids=lambda curve: f"{curve.example} {curve.environment}")
def test_a_command_means_something(curve: gallery.Curve) -> None:
    words = shlex.split(curve.command)
    assert words[:2] == ["taxon", "run"]
    resolution = resolve_for(str(gallery.ROOT / words[2]), curve.settings, Recipe(curve.environment))
    assert resolution.row is not None
