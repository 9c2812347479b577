"""Pure functions on tensors that lead with a seed axis: the arithmetic of an update, and nothing else."""
