"""Colours of code on a terminal: of specs by the language's own tokens, of emitted modules by Pygments."""

from __future__ import annotations

from taxon.cli.terminal import BLUE, BOLD, CYAN, DIM, GREEN, RED, Screen

_STYLES = {
    **dict.fromkeys(("COMMENT", "DOC"), DIM),
    **dict.fromkeys(("TAXON", "IMPORT", "ALGORITHM", "ARCHITECTURE", "STUDY", "EXTENDS", "WITH"), BOLD),
    **dict.fromkeys(("UNSET", "WHEN", "ALLOW", "VARY", "CLAIM", "IN"), BOLD),
    **dict.fromkeys(("NUMBER", "INTEGER", "TRUE", "FALSE"), CYAN),
    "STRING": GREEN,
    "EQUAL": BLUE,
}


def highlighted(text: str, screen: Screen) -> str:
    """The text of a spec, or a piece of one, as the screen shows it."""
    if not screen.colour:
        return text
    from taxon.syntax.tokens import tokens

    return "".join(screen.paint(str(token), _STYLES.get(token.type, "")) for token in tokens(text))


def highlighted_python(text: str, screen: Screen) -> str:
    """A Python text as the screen shows it."""
    if not screen.colour:
        return text
    from pygments import highlight
    from pygments.formatters.terminal import TerminalFormatter
    from pygments.lexers.python import PythonLexer

    shown: str = highlight(text, PythonLexer(stripnl=False), TerminalFormatter())
    return shown.rstrip("\n")


def highlighted_diff(text: str, screen: Screen) -> str:
    """A unified difference as the screen shows it."""
    return "\n".join(screen.paint(line, _of_difference(line)) for line in text.split("\n"))


def _of_difference(line: str) -> str:
    if line.startswith(("--- ", "+++ ")):
        return BOLD
    return {"-": RED, "+": GREEN, "@": CYAN}.get(line[:1], "")
