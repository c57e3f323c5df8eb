"""The folder of a loop's run, where something else wrote into it."""

from pathlib import Path
from types import ModuleType

import pytest

from researchclaw.loop import store
from stages.errors import SettingsError


@pytest.mark.parametrize("text", [b"xx", b'{"pid": 1}', b"\xff"])
def test_a_damaged_lock_is_one_line_with_its_remedy(toy: ModuleType, tmp_path: Path, text: bytes) -> None:
    run, _ = toy.begun(tmp_path, toy.plan())
    (run.folder / "lock.json").write_bytes(text)
    with pytest.raises(SettingsError, match=r"lock\.json is damaged; .*remove the file\.$"):
        store.at_work(tmp_path / "runs")
    (run.folder / "lock.json").unlink()
    assert store.at_work(tmp_path / "runs") is None
