"""Data that is not part of the project: ../shared beside the checkout, or the folder that RESEARCHCLAW_SHARED names."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shared() -> Path:
    folder = Path(os.environ.get("RESEARCHCLAW_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there; name it in RESEARCHCLAW_SHARED")
    return folder
