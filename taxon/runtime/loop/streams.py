"""Random numbers: streams of its own for every seed, so that it never notices the others."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch


class Streams(NamedTuple):
    """Every seed's own streams of random numbers."""

    init: list[torch.Generator]
    acting: list[torch.Generator]
    sampling: list[torch.Generator]
    noise: list[torch.Generator]
    environment: list[int]  # a number for each training environment, seed by seed
    evaluation: list[int]
    starts: list[np.random.Generator]


def streams(seeds: Sequence[int], device: torch.device, environments: int = 1) -> Streams:
    """Independent streams for every seed; initial values are drawn on the CPU, all else on the device.

    environments: of one seed; the first has the same number however many there are.
    """
    children = [np.random.SeedSequence(seed).spawn(len(Streams._fields)) for seed in seeds]

    def generators(kind: int, where: torch.device) -> list[torch.Generator]:
        states = [int(several[kind].generate_state(1, np.uint64)[0]) for several in children]
        return [torch.Generator(where).manual_seed(state) for state in states]

    def numbers(kind: int, count: int) -> list[int]:
        return [int(number) for several in children for number in several[kind].generate_state(count)]

    return Streams(
        generators(0, torch.device("cpu")),
        generators(1, device),
        generators(2, device),
        generators(3, device),
        numbers(4, environments),
        numbers(5, 1),
        [np.random.default_rng(several[6]) for several in children],
    )


def evaluation_start(number: int, steps: int) -> int:
    """What a seed's evaluation after `steps` starts its environment with, however many were made before it.

    number: the seed's own, of `Streams.evaluation`.
    """
    return int(np.random.SeedSequence([number, steps]).generate_state(1)[0])
