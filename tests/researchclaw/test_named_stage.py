from __future__ import annotations

from types import ModuleType

import pytest

from researchclaw.named_stage import stage_number
from stages.errors import SettingsError


def test_a_stage_is_found_by_number_and_name(toy: ModuleType) -> None:
    assert stage_number(toy.PIPELINE, "3") == 3
    assert stage_number(toy.PIPELINE, "design") == 4
    with pytest.raises(SettingsError, match=r"did you mean 'design' \(4\)"):
        stage_number(toy.PIPELINE, "desing")
    with pytest.raises(SettingsError, match="1 to 7"):
        stage_number(toy.PIPELINE, "8")
