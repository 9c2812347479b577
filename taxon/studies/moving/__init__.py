"""Runs that travel from one store to another, without checkpoints.

What is exported is a store itself: the places that a study needs, with the records and the evaluations of their
finished runs. It is small enough for a repository of text, and an import believes none of it unchecked.
"""
