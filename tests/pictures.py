"""Tests that train draw no pictures: a folder's conftest, or a file of tests, imports the fixture."""

import pytest

from taxon.runtime.folder import curve


@pytest.fixture(autouse=True)
def draws_curves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's curve holds what would be drawn: hundreds of runs end here, and a picture takes a third of a second."""
    monkeypatch.setattr(curve, "draw", lambda *given: b"\x89PNG" + repr(given).encode())
