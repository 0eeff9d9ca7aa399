"""Fixtures that several rooms share."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real research data; tests that use it carry the marker `data`."""
    return SHARED_DATA


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, with the reason, what needs data that a stranger does not have."""
    if SHARED_DATA.is_dir():
        return
    skip = pytest.mark.skip(reason=f"needs the research data in {SHARED_DATA}, which is not part of this repository")
    for item in items:
        if item.get_closest_marker("data"):
            item.add_marker(skip)
