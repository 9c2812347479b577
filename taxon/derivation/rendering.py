"""A derivation as text, as Markdown and as LaTeX."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from taxon.derivation.notation import plain
from taxon.derivation.section import Derivation, Step

WIDTH = 110

SYMBOLS = (
    r"$\theta$ and $\phi$ are the parameters of policy and critic, $\theta'$ and $\phi'$ their lagged copies; $d$ is 1 "
    r"at a termination, else 0; $\xi$ is standard normal; $D$ is the number of action dimensions; $L$ is descended, or "
    r"ascended where the section says so."
)


@dataclass(frozen=True)
class Style:
    """What is done to parts of a text for a terminal that has colours."""

    title: Callable[[str], str] = str
    equation: Callable[[str], str] = str
    note: Callable[[str], str] = str


PLAIN = Style()


def text(derivation: Derivation, columns: int | None = None, style: Style = PLAIN) -> str:
    """For a terminal: formulas in plain characters, and lines of so many columns, where nothing limits a formula's."""
    width = WIDTH if columns is None else min(WIDTH, columns)
    lines = [style.title(derivation.name), *_wrapped(_factors(derivation), "  ", width=width)]
    lines += _wrapped(prose(SYMBOLS, plain, str), "  ", width=width)
    for count, step in enumerate(derivation.steps, 1):
        section = step.section
        lines += ["", style.title(f"{count}. {section.title}")]
        lines += _wrapped(prose(section.text, plain, str), "   ", width=width)
        for equation in map(plain, section.lines):
            shown = [f"       {equation}"] if columns is None else _wrapped(equation, "       ", 11, columns)
            lines += map(style.equation, shown)
        for label, found in _notes(step):
            lines += map(style.note, _wrapped(found, f"   {label:<8}", 11, width))
    return "\n".join(lines)


def markdown(derivation: Derivation) -> str:
    """Formulas between dollars."""
    parts = [f"# {_code(derivation.name)}", _code(_factors(derivation)), SYMBOLS]
    for step in derivation.steps:
        section = step.section
        parts += [f"## {section.title}", section.text]
        parts += [f"$$\n{equation}\n$$" for equation in section.lines]
        notes = [f"- {label}: {found if label == 'source' else _code(found)}" for label, found in _notes(step)]
        parts.append("\n".join(notes))
    return "\n\n".join(parts)


def latex(derivation: Derivation) -> str:
    """A document of its own."""
    lines = [
        r"\documentclass{article}",
        r"\usepackage{amsmath,amssymb}",
        r"\begin{document}",
        r"\raggedright",  # a path has no place to break at
        rf"\section*{{{_escaped(derivation.name)}}}",
        _typewriter(_factors(derivation)),
        "",
        r"\medskip",
        prose(SYMBOLS, _dollars, _escaped),
    ]
    for step in derivation.steps:
        section = step.section
        lines += ["", rf"\subsection*{{{section.title}}}", prose(section.text, _dollars, _escaped)]
        lines += [rf"\[ {equation} \]" for equation in section.lines]
        lines += [r"\begin{description}"]
        for label, found in _notes(step):
            lines.append(rf"\item[{label}] {_escaped(found) if label == 'source' else _typewriter(found)}")
        lines += [r"\end{description}"]
    return "\n".join([*lines, "", r"\end{document}"])


def _factors(derivation: Derivation) -> str:
    return ", ".join(f"{path} = {cell}" for path, cell in derivation.factors.items())


def _notes(step: Step) -> list[tuple[str, str]]:
    """What stands below a section's equations: the choices behind it, its source, and where it is computed."""
    found = [
        ("row", ", ".join(step.choices)),
        ("source", step.section.source),
        ("code", ", ".join(map(str, step.places))),
    ]
    return [(label, note) for label, note in found if note]


def _wrapped(line: str, first: str, indent: int | None = None, width: int = WIDTH) -> list[str]:
    rest = " " * (len(first) if indent is None else indent)
    return textwrap.wrap(
        line, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def prose(line: str, formula: Callable[[str], str], words: Callable[[str], str]) -> str:
    """A sentence with what stands between its dollars shown as formulas."""
    parts = line.split("$")
    return "".join(formula(part) if odd % 2 else words(part) for odd, part in enumerate(parts))


def _dollars(formula: str) -> str:
    return f"${formula}$"


def _code(line: str) -> str:
    """Between backticks, none of them inside."""
    return f"`{line.replace('`', ' ')}`"


def _typewriter(line: str) -> str:
    """Paths and values, which LaTeX hyphenates in no other letters."""
    return rf"\texttt{{{_escaped(line)}}}"


_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def _escaped(line: str) -> str:
    """Text as LaTeX shows it; what is no plain character has none of its own there."""
    return "".join(_SPECIAL.get(c, c if c.isascii() and c.isprintable() else "?") for c in line)
