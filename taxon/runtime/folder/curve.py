"""The learning curve of one run as a picture."""

from collections.abc import Mapping, Sequence

from taxon.runtime.amounts import several

NAMED = 4  # frozen seeds that are named one by one


def draw(
    title: str, measured: str, seeds: Mapping[int, Sequence[tuple[int, float]]], frozen: Mapping[int, int]
) -> bytes:
    """A PNG of the mean over seeds with its 95 % interval, every seed's points (environment steps, return), and n.

    measured: what a point is. frozen: the step at which a seed was frozen; a dagger stands at its last point. A mean is
    broken where its seeds change. What is not finite is left out and counted. The title is shown as it is, dollars and
    all.
    """
    # Who begins a run draws nothing yet, and matplotlib takes long to import.
    from taxon.figures.curves import Group, Panel, curves
    from taxon.figures.means import drawable
    from taxon.figures.style import image

    note = measured
    if missing := sum(not drawable(value) for points in seeds.values() for _, value in points):
        note += f"; {missing:,} not finite and left out"
    if frozen:
        note += f"\n{_frozen(frozen, len(seeds))}"
    label = "mean over seeds" if len(seeds) > 1 else several("seed", list(seeds)) if seeds else "no seed"
    panel = Panel(title, [Group(label, seeds, frozenset(frozen))], note=note)
    return image(lambda: curves([panel], alone=True), "png")


def _frozen(frozen: Mapping[int, int], seeds: int) -> str:
    """Which seeds froze, and when."""
    if len(frozen) <= NAMED:
        return "† " + ", ".join(f"seed {seed} froze at step {step:,}" for seed, step in sorted(frozen.items()))
    first, last = min(frozen.values()), max(frozen.values())
    when = f"at step {first:,}" if first == last else f"at steps {first:,} to {last:,}"
    return f"† {len(frozen):,} of {seeds:,} seeds froze, {when}"
