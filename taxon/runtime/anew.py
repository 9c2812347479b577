"""What a run that goes on may be asked for anew, beside more steps and other workers; all else it keeps."""

from dataclasses import dataclass
from typing import Literal

from taxon.runtime.errors import UserError, one_line
from taxon.runtime.folder.manifest import Manifest


@dataclass(frozen=True)
class Anew:
    """None: as before. A return to stop at, or "never"; the loggers; another device of the same kind."""

    stop_at: float | Literal["never"] | None = None
    log: tuple[str, ...] | None = None
    device: str | None = None

    def put(self, record: Manifest) -> None:
        """Write it into a record. Raises UserError for a return of evaluations that are never made."""
        if self.stop_at is not None:
            if self.stop_at != "never" and record.evaluate_every is None:
                message = "--stop-at is about evaluations, and this run makes none"
                raise UserError(message, "leave --stop-at out")
            record.stop_at = None if self.stop_at == "never" else self.stop_at
        if self.log is not None:
            record.log = list(self.log)
        if self.device is not None:
            before, now = record.device.partition(":")[0], self.device.partition(":")[0]
            if before != now:
                message = f"the run was on {record.device}, and {one_line(self.device, 40)} gives other numbers"
                raise UserError(message, "leave --device out, or begin another run")
            record.device = self.device


AS_BEFORE = Anew()
