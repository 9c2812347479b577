"""Did you mean."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from taxon.diagnostics.model import Edit, safe_edit
from taxon.diagnostics.source import Span

FARTHEST = 3
SMALL = 8

# Beyond these nothing is suggested: a stranger's file may hold thousands of long names that all but agree.
LONGEST = 60
MOST = 500


def distance(left: str, right: str, limit: int | None = None) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.

    Where it is clear that they are more than `limit`, some number above it.
    """
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if limit is not None and min(row) > limit and min(before) > limit:
            return limit + 1
    return row[-1]


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice closest to a word, case aside; None if none is within a third of its length and FARTHEST."""
    return min(_closest(word, choices), default=None)


def certain(word: str, choices: Iterable[str]) -> str | None:
    """The nearest choice if no other is as near.

    `gelu` is as near to `relu` as to `elu`: None.
    """
    closest = _closest(word, choices)
    return closest.pop() if len(closest) == 1 else None


def correction(span: Span, word: str, choices: Iterable[str], spell: Callable[[str], str] = str) -> Edit | None:
    """The edit that puts the one nearest choice in a word's place, as `spell` writes it; None without such a choice.

    It is safe where the word is the choice in another spelling. Every other near word may be a name of its own: `adamw`
    is no misspelt `adam`.
    """
    known = tuple(choices)
    meant = certain(word, known)
    if meant is None:
        return None
    alike = [choice for choice in known if same_word(choice) == same_word(word)]
    return safe_edit(span, spell(meant)) if alike == [meant] else Edit(span, spell(meant))


def same_word(word: str) -> str:
    """What a word has in common with its other spellings: case, underscores and hyphens aside, `s` for `z`."""
    return word.casefold().translate(_SPELLINGS)


_SPELLINGS = str.maketrans({"_": None, "-": None, "z": "s"})


def _closest(word: str, choices: Iterable[str]) -> set[str]:
    known = tuple(choices)
    return set(_nearest(word, known)) if len(word) <= LONGEST and len(known) <= MOST else set()


@lru_cache(maxsize=64)
def _nearest(word: str, choices: tuple[str, ...]) -> frozenset[str]:
    folded = word.casefold()
    limit = min(FARTHEST, max(1, len(folded) // 3))
    near = {
        choice: steps
        for choice in choices
        if abs(len(choice) - len(folded)) <= limit and (steps := distance(folded, choice.casefold(), limit)) <= limit
    }
    least = min(near.values(), default=0)
    return frozenset(choice for choice, steps in near.items() if steps == least)


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """A help text: the nearest choice, and every choice if there are at most SMALL; empty if there is neither."""
    every = sorted(set(choices))
    meant = nearest(word, every)
    question = f"did you mean `{meant}`?" if meant is not None else ""
    listed = f"one of {_and(every)}" if 0 < len(every) <= SMALL else ""
    return " ".join(part for part in (question, listed) if part)


def _and(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
