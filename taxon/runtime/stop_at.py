"""Early stopping: the end of a run whose evaluations are good enough."""

from statistics import fmean

from taxon.runtime.events import Callback, Evaluated, Halt


class StopAt(Callback):
    """Ends the run at the first evaluation whose mean return is `least` or more.

    Of several seeds it is the mean over those that are not frozen: the learning curve's.
    """

    def __init__(self, least: float) -> None:
        self._least = least

    def evaluated(self, event: Evaluated) -> Halt | None:
        if (mean := fmean(event.means.values())) >= self._least:
            return Halt(f"the evaluation's return of {mean:,.10g} has reached {self._least:,.10g}")
        return None
