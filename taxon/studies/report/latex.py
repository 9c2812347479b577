"""Tables for a paper: booktabs, with every text escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from taxon.diagnostics.visible import visible
from taxon.studies.report.tables import Table

_ESCAPED = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "-",
    "±": r"$\pm$",
    "†": r"\textsuperscript{\dag}",
    "\N{EN DASH}": "--",
    "\N{HORIZONTAL ELLIPSIS}": r"\dots{}",
    "\N{GREEK SMALL LETTER PI}": r"$\pi$",
    "\N{GREEK SMALL LETTER ETA}": r"$\eta$",
    "\N{GREEK SMALL LETTER GAMMA}": r"$\gamma$",
    "\N{GREEK SMALL LETTER LAMDA}": r"$\lambda$",
    "\N{GREEK SMALL LETTER EPSILON}": r"$\varepsilon$",
}


def escaped(text: str) -> str:
    """A text that LaTeX prints as it stands: no command, no comment, no mathematics and no character without a name."""
    return "".join(map(_character, visible(text)))


def latex(table: Table, partial: str = "") -> str:
    """A table in the style of booktabs, for \\input; partial: what of the study it is of, where it is not complete.

    It needs \\usepackage{booktabs, textcomp} and T1 fonts.
    """
    columns = "l" + "r" * (len(table.head) - 1)
    notes = [*table.notes, *([partial] if partial else [])]
    lines = [
        f"% {_comment(table.caption)}",
        *(f"% {_comment(note)}" for note in notes),
        rf"\begin{{tabular}}{{{columns}}}",
        r"  \toprule",
        _line(table.head),
        r"  \midrule",
        *map(_line, table.rows),
        r"  \bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    # behind \\ a bracket or an asterisk would be read as its argument
    guarded = [f"{{}}{text}" if text.startswith(("[", "*")) else text for text in map(escaped, cells)]
    return f"  {' & '.join(guarded)} \\\\"


def _comment(text: str) -> str:
    return visible(text)


def _character(character: str) -> str:
    if character in _ESCAPED:
        return _ESCAPED[character]
    if character.isascii() or ord(character) < 0x180:
        return character
    return f"[{escaped(unicodedata.name(character, f'U+{ord(character):04X}').lower())}]"
