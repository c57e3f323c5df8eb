import pytest

pytest.importorskip("prefect")

from researchclaw import hardware
from researchclaw.flow.work_pool import worker_name
from researchclaw.units import Environment

HERE = Environment(python="3.11", torch="2.9.0", numpy="2.3.0", processor="x86_64-AuthenticAMD-avx2")


def test_without_a_name_a_worker_has_a_pseudonym_and_a_new_one_in_every_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "host_name", lambda: "gpu3.university.example")
    first, second = worker_name(None, HERE), worker_name(None, HERE)
    assert first != second
    assert first.startswith(f"{hardware.pseudonym()}-")
    assert "gpu3" not in first
    assert worker_name("lab/2", HERE).startswith("lab-2-")
