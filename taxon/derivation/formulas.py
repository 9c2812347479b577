"""The equations of the choices, which a terminal shows as they are, as LaTeX for the site, code hosts and editors."""

from __future__ import annotations

import re
from collections.abc import Iterator

from taxon.taxonomy.schema import Choice

_GREEK = {
    *("alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "lambda", "mu", "pi", "psi", "rho", "sigma", "tau"),
    *("Phi", "Sigma"),
}
_COMMANDS = {"log", "exp", "min", "max", "tanh", "sum"}
_OPERATORS = {"argmax", "clip", "softmax"}  # where arguments follow
_STYLED = {"E": r"\mathbb{E}", "KL": r"\mathrm{KL}", "MMD": r"\mathrm{MMD}", "Beta": r"\mathrm{Beta}"}
_DRAWN = {"N": r"\mathcal{N}", "U": r"\mathcal{U}"}  # distributions, where arguments follow
_MARKS = {
    "||": r"\|",
    "<-": r"\leftarrow",
    "<=": r"\leq",
    "+=": "+=",
    "~": r"\sim",
    "...": r"\ldots",
    ".": r"\cdot",
    "{": r"\{",
    "}": r"\}",
    ",": ",",
}
_RELATION = re.compile(r"(?<![<>])=|~|<-|<=")
_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<label>[A-Za-z]+(?:-[a-z]+)?:)               # parametric: what follows
    | (?P<word>[A-Za-z]+)
    | (?P<number>\d+(?:\.\d+)?)
    | _(?:\{(?P<below>[^}]*)\}|(?P<under>[A-Za-z0-9_]+(?:(?<=t)(?:\+\w+)+)?))
    | \^(?:\((?P<index>[^)]*)\)|(?P<over>-?\w+))
    | (?P<mark>\|\||<-|<=|\+=|\.\.\.|[~.{},])
    | (?P<other>['()\[\]|=+/*;<>-])
    """,
    re.VERBOSE,
)


_FACTORS = ("word", "number", "below", "under", "index", "over", ")", "]", "'")  # what a product goes on after


class FormulaError(ValueError):
    """An equation holds what is not read here."""


def formulas(choice: Choice) -> str:
    """What a choice computes, as displayed formulas: one for each statement, so that each fits a narrow page."""
    return "\n\n".join(f"$$\n{latex(statement)}\n$$" for statement in statements(choice.equation))


def statements(equation: str) -> list[str]:
    """An equation at its semicolons, and at its commas before another statement."""
    found: list[str] = []
    for whole in _apart(equation, ";"):
        parts: list[str] = []
        for part in _apart(whole, ","):
            if parts and not _RELATION.search(part):
                parts[-1] += f", {part}"
            else:
                parts.append(part)
        found += parts
    return found


def _apart(text: str, mark: str) -> Iterator[str]:
    """A text at the marks that are in no bracket."""
    depth, start = 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == mark and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    yield text[start:].strip()


def latex(equation: str) -> str:
    """One statement.

    Raises:
        FormulaError: it holds a character that is not read.
    """
    parts: list[str] = []
    at, last, spaced = 0, "", False
    while at < len(equation):
        match = _TOKEN.match(equation, at)
        if match is None:
            raise FormulaError(f"{equation[at:]} in {equation}")
        at = match.end()
        kind = match.lastgroup or ""
        if kind == "space":
            spaced = True
            continue
        if spaced and (last in _FACTORS and (kind in ("word", "number") or match[0] == "(")):
            parts.append(r"\,")
        parts += _part(match, equation[at : at + 1])
        last, spaced = match[0] if kind == "other" else kind, False
    return re.sub(r" (?=[_^'),;\]])|(?<=[(\[]) ", "", " ".join(_prose_joined(parts)))


def _part(match: re.Match[str], follows: str) -> Iterator[str]:
    kind = match.lastgroup
    text = match[kind] if kind else ""
    match kind:
        case "label":
            yield rf"\text{{{text}}}\quad"
        case "word":
            yield _word(text, follows)
        case "below" | "under":
            yield f"_{{{_script(text)}}}"
        case "index":
            yield f"^{{({latex(text)})}}"
        case "over":
            yield f"^{{{latex(text)}}}"
        case "mark":
            yield _MARKS[text]
        case "number" | "other":
            yield text


def _script(text: str) -> str:
    """What stands below: `kl_mean` is one word of two, `theta_j` has an index of its own, `t+1` is a sum."""
    name, _, index = text.partition("_")
    return f"{latex(name)}_{{{latex(index)}}}" if index else latex(name)


def _word(text: str, follows: str) -> str:
    if text in _GREEK or text in _COMMANDS:
        return rf"\{text}"
    if text in _OPERATORS and follows in ("(", "_", " "):
        return rf"\operatorname{{{text}}}"
    if text in _DRAWN and follows in ("(", "[", "{"):
        return _DRAWN[text]
    return _STYLED.get(text) or (text if len(text) == 1 else rf"\text{{{text}}}")


def _prose_joined(parts: list[str]) -> Iterator[str]:
    """Words that follow each other are a phrase, with spaces around it."""
    phrase: list[str] = []
    spaced = ""
    for part in [*parts, ""]:
        if word := re.fullmatch(r"\\text\{(\w+)\}", part):
            phrase.append(word[1])
        elif part == r"\," and phrase:
            spaced = part
        else:
            if len(phrase) == 1:
                yield rf"\mathrm{{{phrase[0]}}}{spaced}"
            elif phrase:
                yield rf"\;\text{{{' '.join(phrase)}}}\;"
            phrase, spaced = [], ""
            if part:
                yield part
