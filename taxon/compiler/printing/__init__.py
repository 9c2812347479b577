"""A program as the text of a Python module."""
