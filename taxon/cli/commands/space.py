"""What `taxon table --space` prints: how many rows are coherent, and which rule refuses each pair of entries that is in
none."""

from __future__ import annotations

import gc
import json
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

from taxon.cli.screen.columns import columns, folded
from taxon.cli.screen.terminal import Screen
from taxon.cli.screen.writing import write
from taxon.semantics.space.entries import Entry, every_entry
from taxon.semantics.space.space import Blame, Point, coherent, refused
from taxon.taxonomy.rule import Rule

_INTRODUCTION = """\
# How many rows mean something

Written by `taxon table --space --markdown`, which counts again.

A row over the seven factors of Table 1 is one entry for each: every choice of the factor with every set of its
modifiers. Numbers are no entries of their own, as in Table 1: lambda of `td` stands at 0, at 1 or between, the
covariance of `pi_theta` is `cov(s)`, `cov` or a number, and a mixture has 3 components for any number of them. A row is
coherent if the checker accepts it with some choice of everything else: eta, the data, networks, targets and the
parameters of the entries.

The search applies the checker's own rules to rows whose leaves are decided one by one, in the order in which the rules
read them, over all choices of a leaf (of its numbers: the default, 0, 1 and 2). It goes back to a decision only where a
refusal has read it, so a refusal holds for all completions. Every coherent row was resolved with the completion found,
and accepted. Environments and warnings do not count here."""

_PICTURE = """\
![How many coherent rows have two choices of different factors, for every two](pictures/space.svg)

Every two choices of different factors, and how many of the coherent rows have both. A choice that is added with `+`
has a line of its own, and the rows in which it is added count for the choice before it, too. `python docs/draw.py
space` draws the picture from what `taxon table --space --json` prints."""

_EVERY = 500  # coherent rows from one word about progress to the next


@dataclass(frozen=True)
class Survey:
    """All coherent rows, and why the entries and pairs that are in none are refused."""

    points: Sequence[Point]
    blames: Sequence[Blame]

    @property
    def total(self) -> int:
        """The number of all rows."""
        return math.prod(len(entries) for entries in every_entry().values())

    @property
    def printed(self) -> int:
        """How many of the coherent rows differ in Table 1."""
        return len({tuple(entry.cell for entry in point.entries) for point in self.points})

    @property
    def sentence(self) -> str:
        return (
            f"Of {self.total} rows {len(self.points)} are coherent. Some choices share a name in Table 1 (the "
            f"natural gradient, the clipped ratio and the penalty are TR): it distinguishes {self.printed} of them."
        )

    def by_control(self) -> list[tuple[str, str, int]]:
        """pi_q, pi_p and how many coherent rows have them."""
        found = Counter((point.entries[0].text, point.entries[1].text) for point in self.points)
        return [(q.text, p.text, found[q.text, p.text]) for q in every_entry()["pi_q"] for p in every_entry()["pi_p"]]

    def by_entry(self) -> list[tuple[str, str, str, int]]:
        """Each entry of each factor, how Table 1 prints it, and how many coherent rows have it."""
        found = Counter(entry for point in self.points for entry in point.entries)
        entries = (entry for factor in every_entry().values() for entry in factor)
        return [(entry.factor, entry.text, entry.cell, found[entry]) for entry in entries]

    def together(self) -> list[tuple[Entry, Entry, int]]:
        """The pairs of entries that are in some coherent row, with how many of them have both."""
        pairs = Counter(pair for point in self.points for pair in combinations(point.entries, 2))
        return [(first, second, count) for (first, second), count in pairs.items()]

    def alone(self) -> list[Blame]:
        return [blame for blame in self.blames if len(blame.entries) == 1]

    def pairs(self) -> list[Blame]:
        return [blame for blame in self.blames if len(blame.entries) == 2]

    def by_rule(self) -> list[tuple[str, str, int]]:
        """Each rule that refuses an entry or a pair, alone or with others; its title; and how many of them."""
        found = Counter(rule for blame in self.blames for rule in blame.rules)
        return [
            (rule.code.id, rule.code.title, count) for rule, count in sorted(found.items(), key=lambda r: r[0].code.id)
        ]


def survey() -> Survey:
    """Count, with a word about the progress on standard error."""
    gc.enable()  # this takes a minute, unlike the other commands of the front end
    points: list[Point] = []
    for point in coherent():
        points.append(point)
        if len(points) % _EVERY == 0:
            write(f"{len(points)} coherent rows so far, at pi_q = {point.entries[0].text}", error_stream=True)
    write("all counted; looking for the rules that refuse the pairs in none of them", error_stream=True)
    return Survey(points, refused(points))


def as_text(found: Survey, screen: Screen) -> str:
    """Aligned tables; a line for each pair."""
    alone = [[blame.entries[0].setting, verdict(blame)] for blame in found.alone()]
    pairs = [[*(entry.setting for entry in blame.entries), verdict(blame)] for blame in found.pairs()]
    parts = [
        folded(found.sentence, screen),
        columns([["pi_q", "pi_p", "coherent"], *([q, p, str(n)] for q, p, n in found.by_control())], 1, screen, None),
        columns([["in no coherent row", "refused by"], *alone], 1, screen, None),
        columns([["not together in a coherent row", "", "refused by"], *pairs], 1, screen, None),
        columns(
            [["rule", "", "refusals"], *([code, title, str(n)] for code, title, n in found.by_rule())], 1, screen, None
        ),
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def as_json(found: Survey) -> str:
    return json.dumps(
        {
            "format_version": 1,
            "rows": found.total,
            "coherent": len(found.points),
            "printed": found.printed,
            "by_control": [{"pi_q": q, "pi_p": p, "coherent": n} for q, p, n in found.by_control()],
            "entries": [
                {"factor": factor, "entry": text, "printed": cell, "coherent": n}
                for factor, text, cell, n in found.by_entry()
            ],
            "together": [
                {"entries": {first.factor: first.text, second.factor: second.text}, "coherent": n}
                for first, second, n in found.together()
            ],
            "refused": [
                {
                    "entries": {entry.factor: entry.text for entry in blame.entries},
                    "rules": [rule.code.id for rule in blame.rules],
                    "by_pi_q": {entry.text: [rule.code.id for rule in rules] for entry, rules in blame.cases},
                }
                for blame in found.blames
            ],
            "rules": {code: title for code, title, _ in found.by_rule()},
        },
        indent=2,
    )


def as_markdown(found: Survey) -> str:
    """The page docs/space.md. Pairs that share an entry and the rules stand on one line."""
    parts = [
        _INTRODUCTION,
        textwrap.fill(found.sentence, 120),
        _table(["`pi_q`", "`pi_p`", "coherent rows"], ([f"`{q}`", f"`{p}`", str(n)] for q, p, n in found.by_control())),
        _PICTURE,
        "## The entries",
        _table(
            ["factor", "entry", "in Table 1", "coherent rows"],
            ([f"`{factor}`", f"`{text}`", cell, str(n)] for factor, text, cell, n in found.by_entry() if n),
        ),
        "## Entries in no coherent row",
        _table(["factor", "entry", "refused by"], _grouped(found.alone())),
        "## Pairs in no coherent row",
        "Pairs of the entries that are in some. Where it takes several rules, none of them can be missed; where they "
        "depend on\n`pi_q`, they are given for each.",
        *_by_factor(found.pairs()),
        "## The rules",
        "How many of these entries and pairs each refuses, alone or with others. `taxon explain CODE` says why.",
        _table(["rule", "", "refusals"], ([code, title, str(n)] for code, title, n in found.by_rule())),
    ]
    return "\n\n".join(parts)


def _by_factor(pairs: Iterable[Blame]) -> Iterator[str]:
    """A table for each factor of the first entry, folded: all of them would be most of the page."""
    for factor, group in groupby(pairs, key=lambda blame: blame.entries[0].factor):
        lines = list(_grouped(list(group)))
        yield f"<details><summary><code>{factor}</code>: {len(lines)} lines</summary>"
        yield _table(["entry", "factor", "not with", "refused by"], lines)
        yield "</details>"


def verdict(blame: Blame) -> str:
    """The rules that refuse: `TX302`, or `nonparametric: TX302; pi_theta: TX303 + TX305`."""
    return "; ".join(f"{entry.text}: {_codes(rules)}" for entry, rules in blame.cases) or _codes(blame.rules)


def _codes(rules: Iterable[Rule]) -> str:
    return " + ".join(rule.code.id for rule in rules)


def _grouped(blames: Sequence[Blame]) -> Iterator[list[str]]:
    """A line for what shares its verdict, its factor and, of pairs, its first entry."""

    def key(blame: Blame) -> tuple[str, ...]:
        *before, last = blame.entries
        return (*(f"`{entry.factor} = {entry.text}`" for entry in before), f"`{last.factor}`", verdict(blame))

    order = {line: place for place, line in reversed(list(enumerate(map(key, blames))))}
    for (*start, why), group in groupby(sorted(blames, key=lambda blame: order[key(blame)]), key=key):
        yield [*start, ", ".join(f"`{blame.entries[-1].text}`" for blame in group), why]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows])
