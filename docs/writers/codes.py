"""The pages of the codes: what `taxon explain CODE` prints, a page a code, and the lists of each range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from taxon.cli.commands.explain import report
from taxon.cli.screen.terminal import Screen
from taxon.cli.specs.codes import CODES
from taxon.data import corpus_dir
from taxon.diagnostics import pages as explained
from taxon.diagnostics.model import Code
from writers.markdown import anchor, block, contents, page, prose, table

INTRODUCTION = """\
Everything that taxon reports has a code. An error ends a command with exit code 1, or 2 where a file could not be read;
a warning ends nothing, and one of the range TX5 can be silenced
([lints that are meant](../../language.md#lints-that-are-meant)). `taxon explain CODE` prints the same as these pages.
The tests run every example: what is wrong gives its code alone, and what is right gives nothing."""

# By the first digit: the title of the range, and what its codes are about.
RANGES = {
    "0": ("Syntax", "What can be wrong with a text before anything is known about its meaning."),
    "1": ("Names and inheritance", "Names, imports, parents, mixins and overrides."),
    "2": ("Types and ranges", "Paths, values, parameters and what has no effect."),
    "3": ("Rows that mean nothing", "Combinations of choices that the mathematics leaves undefined."),
    "4": ("Environments", "Rows that an environment does not take."),
    "5": (
        "Evidence of trouble",
        "Legal rows for which there is published evidence of trouble: warnings that quote it.",
    ),
}


def pages() -> dict[str, str]:
    """The index, the page of each range and the page of each code, by file name."""
    found: dict[str, list[Code]] = {first: [] for first in RANGES}
    for id_, code in CODES.items():
        found[id_[2]].append(code)
    return {
        "index.md": _index(found),
        **{_file(first): _range(first, codes) for first, codes in found.items()},
        **{place(code.id): _code(code) for code in CODES.values()},
    }


def place(id_: str) -> str:
    """The page of a code."""
    return f"{id_.lower()}.md"


def _heading(first: str) -> str:
    title, _ = RANGES[first]
    return f"TX{first}xx: {title[0].lower()}{title[1:]}"


def _file(first: str) -> str:
    return f"{anchor(RANGES[first][0])}.md"


def _index(found: dict[str, list[Code]]) -> str:
    parts: list[str] = []
    for first, codes in found.items():
        parts += [f"## [{_heading(first)}]({_file(first)})", RANGES[first][1], _listed(codes)]
    return page("Codes", INTRODUCTION, [*parts, contents(_file(first) for first in found)])


def _range(first: str, codes: Sequence[Code]) -> str:
    _, about = RANGES[first]
    pages = contents(place(code.id) for code in codes)
    return page(_heading(first), f"{about} [All codes](index.md).", [_listed(codes), pages])


def _listed(codes: Sequence[Code]) -> str:
    rows = ([f"[{code.id}]({place(code.id)})", code.severity.value, prose(code.title)] for code in codes)
    return table(["code", "severity", "title"], rows)


def _code(code: Code) -> str:
    first = code.id[2]
    kind = f"{code.severity.value.capitalize()} {code.id}, of [{_heading(first)}]({_file(first)})."
    source = [f"Source: {prose(code.source)}"] if code.source else []
    return page(f"{code.id}: {prose(code.title)}", kind, [prose(code.why), *source, *_examples(code)])


def _examples(code: Code) -> Iterator[str]:
    """What is wrong, with what is said of it below, and what is right."""
    for bad, good in explained.page(code, corpus_dir()).examples:
        yield "Wrong:"
        if bad.text:
            yield block("\n".join(explained.shown(bad)), "tx")
        yield block("\n".join([f"$ {bad.command}", *report(bad, Screen())]), "console")
        yield "Right:"
        if good.text:
            yield block("\n".join(explained.shown(good)), "tx")
        if not good.checked:
            yield block(f"$ {good.command}", "console")
