"""One server for all tests of a file: each works in documents of its own."""

from collections.abc import Iterator

import pytest
from server.editor import Editor


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    session = Editor(tmp_path_factory.mktemp("specs"))
    yield session
    assert session.close() == 0
