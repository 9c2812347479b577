"""From one row to another, one choice at a time."""
