"""The pictures of pages: what any two choices have in common, and the curve of the front page.

    taxon table --space --json > space.json && python docs/draw.py space space.json
    python docs/draw.py front RUN

write docs/pictures/space.svg and front.svg. RUN is the folder of the run that docs/index.md shows.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from taxon.figures.curves import Group, Panel, curves
from taxon.figures.heat import Thing, heat
from taxon.figures.style import image
from taxon.figures.themed import themed
from taxon.studies.report.runs import read

PICTURES = Path(__file__).parent / "pictures"


def choices(document: dict[str, Any]) -> tuple[dict[str, list[str]], dict[frozenset[Thing], int]]:
    """The choices of each factor, and how many coherent rows have two: an entry's base and its modifiers each count."""
    groups: dict[str, list[str]] = {}
    for entry in document["entries"]:
        if entry["coherent"]:
            found = groups.setdefault(entry["factor"], [])
            found += [term for term in terms(entry["entry"]) if term not in found]
    ordered = {factor: sorted(found, key=lambda term: term.startswith("+")) for factor, found in groups.items()}
    counts: Counter[frozenset[Thing]] = Counter()
    for pair in document["together"]:
        (first, one), (second, other) = pair["entries"].items()
        for term in terms(one):
            for beside in terms(other):
                counts[frozenset(((first, term), (second, beside)))] += pair["coherent"]
    return ordered, counts


def terms(entry: str) -> list[str]:
    """`sg + mixture` as `sg` and `+ mixture`."""
    base, *modifiers = entry.split(" + ")
    return [base, *(f"+ {modifier}" for modifier in modifiers)]


def pairs(document: dict[str, Any]) -> bytes:
    """The heat map as SVG."""
    groups, counts = choices(document)
    return themed(image(lambda: heat(groups, counts, "coherent rows with both"), "svg"))


def curve(run: Path) -> bytes:
    """The learning curve of a run as SVG."""
    found = read(run)
    panel = Panel(found.environment, [Group(found.name, found.curves, found.frozen)])
    return themed(image(lambda: curves([panel], alone=True), "svg"))


def main() -> None:
    what, source = sys.argv[1:]
    if what == "space":
        content = pairs(json.loads(Path(source).read_text("utf-8")))
    elif what == "front":
        content = curve(Path(source))
    else:
        sys.exit(f"{what} is no picture of these pages")
    (PICTURES / f"{what}.svg").write_bytes(content)


if __name__ == "__main__":
    main()
