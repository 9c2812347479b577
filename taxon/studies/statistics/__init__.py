"""The statistics of a study: pure functions of scores, with numpy and scipy and nothing else of taxon.

`scores.py` makes a score of a run's evaluations; `judge.py` makes the results of claims (`results.py`) of the scores;
`wording.py` writes them as a sentence. docs/statistics.md has the formulas and their sources.
"""
