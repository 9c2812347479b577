"""What is wrong and what is right stands in a frame of its own: the text, and below it what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx.transforms import SphinxTransform

if TYPE_CHECKING:
    from sphinx.application import Sphinx

WORDS = {"Wrong:": "wrong", "Right:": "right"}


class Frames(SphinxTransform):
    """Puts a paragraph `Wrong:` or `Right:` and the blocks of code that follow it into one container."""

    default_priority = 500

    def apply(self, **_: Any) -> None:
        for paragraph in list(self.document.findall(nodes.paragraph)):
            kind = WORDS.get(paragraph.astext())
            if kind is None or paragraph.parent is None:
                continue
            parent = paragraph.parent
            first = parent.index(paragraph)
            after = first + 1
            while after < len(parent) and isinstance(parent[after], nodes.literal_block):
                after += 1
            framed = parent[first:after]
            paragraph["classes"].append("example-title")
            parent[first:after] = [nodes.container("", *framed, classes=["example", kind])]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the transform."""
    app.add_transform(Frames)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
