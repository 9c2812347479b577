"""What each piece of a spec's text is, for whatever colours it: one table for terminals, Pygments and editors."""
