"""Fidelity: the rows of a study, trained by a peer with the same numbers, and the difference with its interval."""
