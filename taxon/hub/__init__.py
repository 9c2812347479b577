"""Runs that are published: a folder with a card, there and back."""
