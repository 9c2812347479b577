"""The page of a report: report.html, a module a section; `markup.py` is what makes any text of a stranger harmless."""
