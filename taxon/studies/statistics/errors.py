"""What the engine refuses, with a message that can be shown as it is."""


class StatisticsError(ValueError):
    """Scores, cells or claims of which no statistic can be made."""
