"""In the place of Weights & Biases, which LeanRL's scripts import: it records nothing, so it costs nothing."""

from typing import Any


def init(**_: Any) -> None:
    pass


def log(*_: Any, **__: Any) -> None:
    pass
