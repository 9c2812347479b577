"""Long data in pieces, so that memory does not grow with the replay."""

from collections.abc import Iterator

from taxon.operators.data import Episodes


def pieces(episodes: Episodes, size: int = 8192) -> Iterator[Episodes]:
    """The stored steps, [S, N, ...], as consecutive pieces of at most `size` steps, [S, n, ...]."""
    for start in range(0, episodes.reward.shape[1], size):
        yield type(episodes)._make(None if column is None else column[:, start : start + size] for column in episodes)
