from pathlib import Path

import pytest

from researchclaw import hardware

TWO_CORES_FOUR_THREADS = "\n\n".join(
    f"processor\t: {n}\nmodel name\t: Toy 3000\nphysical id\t: 0\ncore id\t\t: {n % 2}" for n in range(4)
)


def test_hyper_threads_are_counted_once() -> None:
    assert hardware.physical_cores(TWO_CORES_FOUR_THREADS, {0, 1, 2, 3}, 99) == 2


def test_cores_that_the_process_may_not_use_do_not_count() -> None:
    assert hardware.physical_cores(TWO_CORES_FOUR_THREADS, {0, 2}, 99) == 1
    assert hardware.physical_cores(TWO_CORES_FOUR_THREADS, {0, 1, 2, 3}, 1.5) == 1
    assert hardware.physical_cores(TWO_CORES_FOUR_THREADS, {0, 1}, 0.5) == 1


def test_a_machine_that_tells_no_core_ids_has_as_many_as_processors() -> None:
    assert hardware.physical_cores("processor\t: 0\n\nprocessor\t: 1\n", {0, 1}, 99) == 2
    assert hardware.physical_cores("nothing at all", {0, 1, 2}, 99) == 3


def test_the_quota_of_a_container_is_read(tmp_path: Path) -> None:
    assert hardware.cpu_quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert hardware.cpu_quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert hardware.cpu_quota(tmp_path) == 1.5


def test_the_memory_of_a_container_is_read(tmp_path: Path) -> None:
    whole = hardware.memory_bytes(tmp_path)
    (tmp_path / "memory.max").write_text("1073741824\n")
    assert hardware.memory_bytes(tmp_path) == min(whole, 2**30)


def test_the_machine_is_found_without_torch_being_imported() -> None:
    found = hardware.found()
    assert found.torch.startswith("2.")
    assert hardware.cpu_name(TWO_CORES_FOUR_THREADS) == "Toy 3000"
    assert hardware.versions()["torch"] == found.torch


def test_the_class_of_a_processor_is_its_maker_and_its_widest_vectors() -> None:
    intel = "vendor_id\t: GenuineIntel\nflags\t\t: fpu sse4_2 avx2 avx512f\n"
    assert hardware.processor_class(intel).endswith("-GenuineIntel-avx512f")
    assert hardware.processor_class(intel.replace(" avx512f", "")).endswith("-GenuineIntel-avx2")
    assert hardware.processor_class("CPU implementer\t: 0x41\nFeatures\t: fp asimd sve\n").endswith("-0x41-sve")
    assert hardware.processor_class("processor\t: 0\n").endswith("-unknown-scalar")


def test_a_pseudonym_is_stable_and_holds_no_host_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hardware, "host_name", lambda: "gpu3.university.example")
    first = hardware.pseudonym()
    assert first == hardware.pseudonym()
    assert "gpu3" not in first
    monkeypatch.setattr(hardware, "host_name", lambda: "gpu4.university.example")
    assert hardware.pseudonym() != first
