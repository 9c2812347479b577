"""Searches that run: trials proposed from what is on the disk, run as a study's units are, and the best of them."""
