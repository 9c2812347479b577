"""What a single token means: names, numbers and strings."""

from __future__ import annotations

import re

# Fixed on purpose: normalising the source would map look-alikes together and move every span.
ALIASES = {"π": "pi", "θ": "theta", "η": "eta", "γ": "gamma", "λ": "lambda", "ε": "epsilon"}  # noqa: RUF001

# Read as the letter they resemble when a suggestion is made, never when a text is read.
LOOK_ALIKES = {
    "ϖ": "pi",
    "ϑ": "theta",
    "ϵ": "epsilon",
    "µ": "mu",
    "μ": "mu",
    "σ": "sigma",  # noqa: RUF001
    "Σ": "Sigma",
    "α": "alpha",  # noqa: RUF001
    "β": "beta",
    "τ": "tau",
    "δ": "delta",
}

LONGEST_NUMBER = 40
_EXACT = 2**53
_NUMBER = re.compile(r"(-?)((?:[0-9]+(?:_[0-9]+)*)?)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?([kM]?)")
_SUFFIX = {"": 0, "k": 3, "M": 6}
_ESCAPE = re.compile(r"\\(.)")
ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


def canonical_name(text: str) -> str | None:
    """The ASCII spelling of an identifier, None if it has none."""
    spelled = "".join(ALIASES.get(character, character) for character in text)
    return spelled if spelled.isascii() else None


def suggested_name(text: str) -> str:
    """An ASCII name that a reader of this one may have meant, or nothing."""
    import unicodedata  # a megabyte of tables that only a mistake needs

    def spell(character: str) -> str:
        plain = ALIASES.get(character) or LOOK_ALIKES.get(character)
        return plain or "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))

    once = "".join(spell(character) for character in text)
    return canonical_name("".join(spell(character) for character in once)) or ""


def number(text: str) -> int | float | None:
    """The value of a NUMBER token, an int if it is integral; None if it cannot be held.

    Cannot be held: more than LONGEST_NUMBER characters, infinite in double precision, or zero only by underflow.
    """
    read = _read(text)
    if read is None:
        return None
    digits, exponent, integral = read
    if integral:
        return digits * int(10**exponent)
    value = float(f"{digits}e{exponent}")
    if value in (float("inf"), float("-inf")) or (value == 0 and digits != 0):
        return None
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


def is_whole(text: str) -> bool:
    """Whether a NUMBER token spells an integer, to its last digit: `1000`, `1.5M` and `1e6` do, `0.5` does not."""
    read = _read(text)
    if read is None:
        return False
    digits, exponent, _ = read
    return digits == 0 or exponent >= 0 or (-exponent <= LONGEST_NUMBER and digits % 10**-exponent == 0)


def _read(text: str) -> tuple[int, int, bool] | None:
    """The digits of a NUMBER token, the power of ten that they are multiplied by, and whether it has neither point nor
    exponent; None where it is none, or too long."""
    match = _NUMBER.fullmatch(text)
    if match is None or len(text) > LONGEST_NUMBER:
        return None
    sign, whole, fraction, power, suffix = match.groups()
    if not whole and not fraction:
        return None
    digits = int(sign + whole.replace("_", "") + (fraction or ""))
    exponent = int(power or 0) + _SUFFIX[suffix] - len(fraction or "")
    return digits, exponent, fraction is None and power is None


def bad_escape(text: str) -> tuple[int, int] | None:
    """Where in a STRING token its first escape without a meaning is."""
    return next((match.span() for match in _ESCAPE.finditer(text) if match[1] not in ESCAPES), None)


def string(text: str) -> str:
    """The value of a STRING token whose escapes are good."""
    return _ESCAPE.sub(lambda match: ESCAPES[match[1]], text[1:-1])
