"""Training of emitted modules: environments, replay, the loop, and what a run leaves behind."""
