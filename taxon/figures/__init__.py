"""What pictures of runs and of studies have in common: their look, their axes, and learning curves."""
