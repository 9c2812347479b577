"""Colours of code on a terminal: of specs by the kinds of their pieces, of emitted modules by Pygments."""

from __future__ import annotations

from taxon.cli.screen.terminal import BLUE, BOLD, CYAN, DIM, GREEN, RED, Screen


def highlighted(text: str, screen: Screen) -> str:
    """The text of a spec, or a piece of one, as the screen shows it."""
    if not screen.colour:
        return text
    from taxon.highlighting.kinds import Kind
    from taxon.highlighting.pieces import pieces

    styles = {
        **dict.fromkeys((Kind.COMMENT, Kind.DOC), DIM),
        **dict.fromkeys((Kind.KEYWORD, Kind.DECLARE), BOLD),
        **dict.fromkeys((Kind.NUMBER, Kind.CONSTANT), CYAN),
        Kind.STRING: GREEN,
        Kind.OPERATOR: BLUE,
        Kind.WRONG: RED,
    }
    return "".join(screen.paint(piece, styles.get(kind, "")) for kind, piece in pieces(text))


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
