"""The LaTeX of the derivations as plain text.

A formula is written once, in a small part of LaTeX's mathematics: what `plain` does not read is no formula of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# What a command is in plain text, by the role that decides the spaces around it.
_COMMANDS = {
    "symbol": "alpha beta gamma delta epsilon eta theta lambda mu pi rho sigma tau phi xi psi omega Sigma Phi Theta "
    "Delta nabla top infty prime",
    "function": "log exp min max tanh arg",
    "sum": "sum prod",
}
_SYMBOLS = {name: (name, role) for role, names in _COMMANDS.items() for name in names.split()} | {
    "varepsilon": ("xi", "symbol"),
    "top": ("T", "symbol"),
    "infty": ("infinity", "symbol"),
    "leq": ("<=", "operator"),
    "geq": (">=", "operator"),
    "leftarrow": ("<-", "operator"),
    "propto": ("~", "operator"),
    "sim": ("~", "operator"),
    "in": ("in", "operator"),
    "cdot": ("*", "operator"),
    "ldots": ("...", "symbol"),
    "|": ("||", "operator"),
    ",": (" ", "space"),
    "quad": ("   ", "space"),
    "{": ("{", "open"),
    "}": ("}", "close"),
    "left": ("", "nothing"),
    "right": ("", "nothing"),
}
# What Unicode has for a command; `varepsilon` is written as what it stands for.
_CHARACTER_OF = dict(zip(_COMMANDS["symbol"].split(), "αβγδεηθλμπρστφξψωΣΦΘΔ∇\N{DOWN TACK}∞\N{PRIME}", strict=True)) | {
    "varepsilon": "ξ", "sum": "∑", "prod": "∏", "leq": "≤", "geq": "≥", "leftarrow": "←", "propto": "∝",
    "sim": "\N{TILDE OPERATOR}", "in": "∈", "cdot": "·", "ldots": "…", "|": "‖",
}  # fmt: skip
_PRIME, _TOP = _CHARACTER_OF["prime"], _CHARACTER_OF["top"]
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_CHARACTERS = {
    **dict.fromkeys("([", "open"),
    **dict.fromkeys(")]", "close"),
    **dict.fromkeys("=+-<>/", "operator"),
    **dict.fromkeys(",;", "comma"),
    "|": "bar",
    ".": "bar",
}
_STYLES = ("mathbb", "mathcal", "mathrm", "mathbf")  # of one argument, whose letters are one word

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\s+|.", re.DOTALL)


class NotationError(ValueError):
    """A formula holds what the notation does not have, or a brace too many or too few."""


@dataclass(frozen=True)
class _Piece:
    text: str
    role: str


def plain(formula: str, unicode: bool = False) -> str:
    """The formula as plain text: `pi_theta(a|s) exp(G(s, a) / eta)`, with `unicode` `π_θ(a|s) exp(G(s, a) / η)`.

    Raises:
        NotationError: the formula holds what the notation does not have.
    """
    reader = _Reader(formula, unicode)
    pieces = list(reader.pieces())
    if not reader.done:
        raise NotationError(f"a brace too many in {formula}")
    return _joined(pieces, tight=False)


class _Reader:
    """Pieces from tokens; a script or an argument is read whole."""

    def __init__(self, formula: str, unicode: bool) -> None:
        self._formula = formula
        self._unicode = unicode
        self._tokens: list[str] = [token for token in _TOKEN.findall(formula) if not token.isspace()]
        self._next = 0

    @property
    def done(self) -> bool:
        return self._next == len(self._tokens)

    def pieces(self) -> Iterator[_Piece]:
        """Everything up to the brace that closes the group, or to the end."""
        last: _Piece | None = None
        while not self.done and self._tokens[self._next] != "}":
            token = self._take()
            if token in ("_", "^", "'") and last is not None:
                last = _Piece(last.text + self._after(token, last.role), last.role)
                continue
            if last is not None:
                yield last
            last = self._piece(token)
        if last is not None:
            yield last

    def _piece(self, token: str) -> _Piece:
        if token == "{":
            return _Piece(self._rest(tight=False), "symbol")
        if token.startswith("\\"):
            return self._command(token[1:])
        if token[0].isdigit():
            return _Piece(token, "number")
        if token.isalpha() and token.isascii():
            return _Piece(token, "symbol")
        if token in _CHARACTERS:
            return _Piece(token, _CHARACTERS[token])
        raise NotationError(f"{token} in {self._formula}")

    def _command(self, name: str) -> _Piece:
        if name == "frac":
            over, under = self._argument(), self._argument()
            return _Piece(
                f"{_grouped(over)} / {_grouped(under)}" if " " in over + under else f"{over}/{under}", "ratio"
            )
        if name == "sqrt":
            return _Piece(f"{'√' if self._unicode else 'sqrt'}({self._argument()})", "symbol")
        if name in _STYLES:
            return _Piece(self._argument().replace(" ", ""), "symbol")
        if name not in _SYMBOLS:
            raise NotationError(f"\\{name} in {self._formula}")
        text, role = _SYMBOLS[name]
        return _Piece(_CHARACTER_OF.get(name, text) if self._unicode else text, role)

    def _argument(self, tight: bool = False) -> str:
        token = self._take()
        return self._rest(tight) if token == "{" else self._piece(token).text

    def _rest(self, tight: bool) -> str:
        text = _joined(list(self.pieces()), tight)
        if self._take() != "}":
            raise NotationError(f"a brace is not closed in {self._formula}")
        return text

    def _after(self, token: str, role: str) -> str:
        """A prime or a script. Digits are raised and lowered where Unicode may, but not the bounds of a sum."""
        if token == "'":
            return _PRIME if self._unicode else token
        text = self._argument(tight=True)
        if self._unicode and role != "sum" and re.fullmatch(r"-?\d+" if token == "^" else r"\d+", text):
            return text.translate(_RAISED if token == "^" else _LOWERED)
        return token + (text if text == _TOP or re.fullmatch(rf"-?(?:[^\W_]|['{_PRIME}])+", text) else f"{{{text}}}")

    def _take(self) -> str:
        if self.done:
            raise NotationError(f"{self._formula} ends too early")
        self._next += 1
        return self._tokens[self._next - 1]


def _grouped(text: str) -> str:
    """A part of a fraction, in parentheses where it is not one thing."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == " " and depth == 0:
            return f"({text})"
    return text


def _joined(pieces: list[_Piece], tight: bool) -> str:
    shown = [piece for piece in pieces if piece.role != "nothing"]
    text, before = "", ""
    for piece in shown:
        unary = piece.text in "+-*·" and before in ("", "operator", "open", "comma")
        if piece.role == "operator" and not unary and not (tight and not piece.text.isalpha()):
            text = f"{text.rstrip()} {piece.text} "
        elif piece.role == "comma" and not tight:
            text += f"{piece.text} "
        else:
            text += (" " if _apart(before, piece.role) else "") + ("." if unary and piece.text == "*" else piece.text)
        before = "open" if unary else piece.role
    return text.strip()


_THINGS = ("symbol", "function", "sum", "number", "ratio")


def _apart(before: str, role: str) -> bool:
    """Whether a space separates two neighbours."""
    if role == "open":
        return before in ("number", "close", "ratio", "sum")
    return role in _THINGS and before in (*_THINGS, "close")
