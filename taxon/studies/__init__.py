"""Studies: what is made of many runs. `statistics` turns their scores into estimates and verdicts."""
