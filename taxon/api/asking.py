"""What a program asks of a run, as the runtime's options; mistakes are said in Python's words."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, get_args

from taxon.errors import Error
from taxon.runtime.options import (
    MOST_EPISODES,
    MOST_SEEDS,
    MOST_STEPS,
    MOST_WORKERS,
    Cadence,
    Crowd,
    Mode,
    Options,
    Precision,
    parse_cadence,
    parse_count,
)


def count(name: str, value: object, most: int = MOST_STEPS) -> int:
    """A positive whole number, which may be written as 1e6 or as "1M"."""
    found = value
    if isinstance(value, str):
        try:
            found = parse_count(value, name)
        except Error:
            found = None
    elif isinstance(value, float) and value.is_integer():
        found = int(value)
    found = found if isinstance(found, bool) else _plain(found)
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise Error(f"{name}={value!r} is no positive whole number", f'write {name}=50_000, or {name}="50k"')
    if found > most:
        raise Error(f"{name}={value!r} is more than {most:,}", "ask for fewer")
    return found


def seeds_of(value: object) -> tuple[int, ...]:
    """How many seeds, from 0 on, or which."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        return tuple(range(count("seeds", value, MOST_SEEDS)))
    given = list(map(_plain, value))
    help = "write how many, as in seeds=5, or which, as in seeds=[3, 7, 9]"
    if not given:
        raise Error("seeds has no seed", help)
    if len(given) > MOST_SEEDS:
        raise Error(f"seeds has {len(given):,} seeds, more than {MOST_SEEDS:,}", "train fewer at once")
    seeds: dict[int, None] = {}
    for seed in given:
        if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 10**20:
            raise Error(f"{seed!r} is no seed", help)
        if seed in seeds:
            raise Error(f"seeds has seed {seed} twice", "name every seed once")
        seeds[seed] = None
    return tuple(seeds)


def evaluations(every: object, episodes: object | None) -> tuple[int | None, int]:
    """The steps between two evaluations, None for never, and the episodes of one, None for the default."""
    number = Options.evaluation_episodes if episodes is None else episodes_of(episodes)
    if every is None or every == "never":
        if episodes is not None:
            message = f"eval_episodes={episodes!r} says how evaluations are made, and eval_every={every!r} makes none"
            raise Error(message, "leave one of the two out")
        return None, number
    return count("eval_every", every), number


def episodes_of(value: object) -> int:
    """The episodes of an evaluation."""
    return count("eval_episodes", value, MOST_EPISODES)


def cadence(name: str, value: object) -> Cadence:
    """A time, as "90s", "5min" or "1h", or a number of environment steps."""
    if isinstance(value, str):
        try:
            return parse_cadence(value, name)
        except Error:
            help = f'write {name}="5min", or a number of steps, as in {name}=20_000'
            raise Error(f"{name}={value!r} is neither a time nor a number of steps", help) from None
    steps = count(name, value)
    return Cadence(str(steps), steps=steps)


def mode(value: object) -> Mode:
    """How updates are compiled; True and False are on and off."""
    found: Mode = one_of("compile", {True: "on", False: "off"}[value] if isinstance(value, bool) else value, Mode)
    return found


def precision(value: object) -> Precision:
    """Of the networks' matrix products."""
    found: Precision = one_of("precision", value, Precision)
    return found


def workers(value: object) -> Crowd:
    """How many processes step the environments, 0 for none beside this one, or "auto"."""
    if value in ("auto", 0) and not isinstance(value, bool):
        return "auto" if value == "auto" else 0
    return count("workers", value, MOST_WORKERS)


def whole(name: str, value: object) -> int:
    """A whole number from 0 on."""
    found = _plain(value)
    if isinstance(found, bool) or not isinstance(found, int) or not 0 <= found < 10**18:
        raise Error(f"{name}={value!r} is no whole number from 0 on", f"write {name}=0, say")
    return found


def real(name: str, value: object) -> float:
    """A finite number."""
    found = _plain(value)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise Error(f"{name}={value!r} is no finite number", f"write {name}=475, say")
    return float(found)


def device(value: object) -> str:
    """Where it is computed; whether there is such a device is found where it is chosen."""
    name = value if isinstance(value, str) else f"{value}" if type(value).__module__ == "torch" else None
    if name is None:
        raise Error(f"device={value!r} names no device", 'write device="auto", device="cpu" or device="cuda"')
    return name


def loggers(value: object) -> tuple[str, ...]:
    """What is written beside metrics.jsonl: names, or None for nothing."""
    names = (value,) if isinstance(value, str) else () if value is None else tuple(_listed("log", value))
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise Error(f"log names {repeated!r} twice", "name each logger once")
    return names


def _listed(name: str, value: object) -> Iterable[str]:
    if not isinstance(value, Iterable) or not all(isinstance(each, str) for each in value):
        raise Error(f"{name}={value!r} is no list of names", f'write {name}=["tensorboard", "csv"], or {name}=None')
    return value


def one_of(name: str, value: object, names: Any) -> Any:
    """One of the texts of a Literal."""
    known = get_args(names)
    if value not in known:
        raise Error(
            f"{name}={value!r} is none of its values", f"write {' or '.join(f'{name}={each!r}' for each in known)}"
        )
    return value


def _plain(value: object) -> object:
    """A number of numpy's as one of Python's."""
    item = getattr(value, "item", None)
    return item() if callable(item) and not isinstance(value, int) else value
