"""Texts, their tokens and their trees: nothing here depends on what a path or a choice means."""

from taxon.syntax.parser import parse, parse_entries

__all__ = ["parse", "parse_entries"]
