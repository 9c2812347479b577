"""The training loop, its updates, and evaluation."""
