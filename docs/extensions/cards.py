"""Wide tables on narrow screens: a row becomes a card, in which each cell has the name of its column before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

WIDE, DENSE = 4, 7  # columns from which on a table is wide, and from which on its type is smaller


class Cards(SphinxPostTransform):
    """Gives wide tables the class `cards`, and their cells a label that the style sheet shows on a phone."""

    default_priority = 400
    formats = ("html",)

    def run(self, **_: Any) -> None:
        for table in self.document.findall(nodes.table):
            heads = [list(row.findall(nodes.entry)) for head in table.findall(nodes.thead) for row in head.children]
            if len(heads) != 1 or len(heads[0]) < WIDE:
                continue
            table["classes"] += ["cards", "dense"] if len(heads[0]) >= DENSE else ["cards"]
            for row in (row for body in table.findall(nodes.tbody) for row in body.children):
                for column, (head, entry) in enumerate(zip(heads[0], row.children, strict=True)):
                    if column and not entry.astext().strip():
                        entry["classes"].append("nothing")
                    elif column:
                        entry.insert(0, _label(head))


def _label(head: nodes.entry) -> nodes.inline:
    """The name of a column as its head writes it."""
    label = nodes.inline(classes=["column"])
    label += [child.deepcopy() for paragraph in head.children for child in paragraph.children]
    return label


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_post_transform(Cards)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
