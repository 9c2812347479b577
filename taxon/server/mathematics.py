"""Equations in Markdown, as an editor shows them."""

from __future__ import annotations

from enum import Enum

from taxon.derivation.formulas import FormulaError, latex, statements
from taxon.derivation.notation import plain


class Mathematics(Enum):
    """What an editor has for equations: characters alone, or a renderer of LaTeX in blocks of the language `math`."""

    CHARACTERS = "characters"
    LATEX = "latex"

    def formula(self, formula: str) -> str:
        """A formula of a derivation, which is LaTeX."""
        return _fenced("math", formula) if self is Mathematics.LATEX else _fenced("text", plain(formula, unicode=True))

    def equation(self, equation: str) -> str:
        """The equation of a choice, which is plain text; that of a package may be none that is read as mathematics."""
        if self is Mathematics.LATEX:
            try:
                return "\n\n".join(_fenced("math", latex(statement)) for statement in statements(equation))
            except FormulaError:
                pass
        return _fenced("text", equation)


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"
