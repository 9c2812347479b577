"""The figures of a report, each a function from results to a matplotlib figure; `style.py` is their common look."""
