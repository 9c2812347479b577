"""The report of a study: from results.csv and study.json to verdicts, tables, figures and one page.

`recorded.py` reads the tables, `comparing.py` turns the study's claims into contrasts, `judged.py` judges them, `page/`
writes the page, `figures/` the pictures. Nothing is computed from anything but results.csv, and drawn from nothing but
it and curves.csv, so a report that is made again has the same bytes.
"""
