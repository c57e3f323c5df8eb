import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from researchclaw.run_store import (
    GateAlreadyAnswered,
    Holder,
    RunLocked,
    RunStore,
    check_output,
    find_run,
    now,
    runs,
    write_whole,
)
from stages.contracts import GateAnswer, GateQuestion, Guidance
from stages.errors import SettingsError


@pytest.fixture
def store(tmp_path: Path, toy: ModuleType) -> RunStore:
    return toy.new_run(tmp_path / "artifacts", "toys")


def answer(decision: str = "approve", stage: int = 3, by: str = "ada") -> GateAnswer:
    return GateAnswer.model_validate({"stage": stage, "decision": decision, "by": by, "via": "command line", "at": now()})


def test_a_run_id_tells_time_and_topic(store: RunStore) -> None:
    assert len(store.run_id.split("-")) == 4
    assert store.run_id.startswith("rc-20")
    assert store.info().topic == "toys"


def test_two_runs_on_one_topic_within_a_second_have_two_folders(tmp_path: Path, toy: ModuleType) -> None:
    assert toy.new_run(tmp_path, "toys").folder != toy.new_run(tmp_path, "toys").folder


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b.json", b"one")
    write_whole(tmp_path / "a" / "b.json", b"two")
    assert (tmp_path / "a" / "b.json").read_bytes() == b"two"
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b.json"]


def test_a_living_holder_is_refused_with_its_pid(store: RunStore) -> None:
    code = (
        "import sys; from pathlib import Path; from researchclaw.run_store import RunStore\n"
        f"lock = RunStore(Path({str(store.folder)!r})).lock(); lock.__enter__(); print('held', flush=True); sys.stdin.read()"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RunLocked, match=str(other.pid)) as caught, store.lock():
            pass
        assert caught.value.exit_code == 2
        other.kill()
        other.wait()
        with store.lock():  # kill -9 leaves a lock that nobody holds
            assert store.holder() is not None
    assert store.holder() is None


@pytest.mark.parametrize("change", [{"boot_id": "another boot"}, {"started": "1"}, {"pid": 2**22 - 1}])
def test_a_stale_lock_is_taken_over(store: RunStore, change: dict[str, object]) -> None:
    with store.lock():
        mine = store.holder()
    assert mine is not None
    (store.folder / "lock.json").write_text(Holder.model_validate({**mine.model_dump(), **change}).model_dump_json())
    with store.lock():
        pass


def test_runs_are_found_by_id_beginning_folder_and_latest(tmp_path: Path, toy: ModuleType) -> None:
    output = tmp_path / "out"
    first = toy.new_run(output, "first")
    second = toy.new_run(output, "second")
    assert find_run("latest", output) == runs(output)[-1]
    assert find_run(first.run_id, output).name == first.run_id
    assert find_run(str(second.folder), Path("/nowhere")) == second.folder
    with pytest.raises(SettingsError, match=r"did you mean 'rc-"):
        find_run(first.run_id[:-1] + "x", output)
    with pytest.raises(SettingsError, match="no run in"):
        find_run("latest", tmp_path)


def test_too_little_space_and_an_unwritable_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="MB free"):
        check_output(tmp_path, 10**9)
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="--output"):
        check_output(tmp_path / "file", 0)


def test_an_output_changed_by_hand_is_refused_with_the_way_out(store: RunStore, toy: ModuleType) -> None:
    stage = toy.PIPELINE[0]
    store.write_output(stage, toy.Aim(text="true"), round_=1, inputs={}, guidance=(), seconds=1)
    path = store.stage_folder(stage) / "output.json"
    path.write_text(path.read_text().replace("true", "false"))
    with pytest.raises(SettingsError, match="--from-stage 1"):
        store.output(stage)
    path.write_text("{")
    with pytest.raises(SettingsError, match="damaged"):
        store.output(stage)


def test_an_output_is_plain_json_with_the_hashes_of_its_inputs(store: RunStore, toy: ModuleType) -> None:
    store.write_output(toy.PIPELINE[1], toy.Found(works=("a",)), round_=2, inputs={"Aim": "0" * 64}, guidance=(), seconds=1)
    found = json.loads((store.folder / "stages" / "02_search" / "output.json").read_text())
    assert found["schema"] == 1
    assert found["inputs"] == {"Aim": "0" * 64}
    assert found["round"] == 2
    assert found["output"] == {"works": ["a"], "heard": []}


def test_archive_moves_what_follows_and_can_be_finished_after_a_kill(store: RunStore, toy: ModuleType) -> None:
    for stage in toy.PIPELINE:
        store.write_output(stage, toy.Aim(text=stage.name), round_=1, inputs={}, guidance=(), seconds=1)
    store.ask(GateQuestion(stage=3, title="t", body="b"))
    (store.deliverables).mkdir()
    (store.experiment_runs / "a" / "0").mkdir(parents=True)
    # a kill after the first move
    target = store.folder / "archive" / "1" / "stages"
    target.mkdir(parents=True)
    store.stage_folder(toy.PIPELINE[3]).rename(target / "04_design")
    store.archive(1, 3, "test")
    store.archive(1, 3, "test")
    assert sorted(path.name for path in (store.folder / "stages").iterdir()) == ["01_aim", "02_search"]
    assert len(list(target.iterdir())) == 5
    assert (store.folder / "archive" / "1" / "gates" / "03.json").exists()
    assert (store.folder / "archive" / "1" / "deliverables").exists()
    assert store.experiment_runs.exists()
    assert store.gate(3) is None
    assert store.next_archive() == 2


def test_the_first_answer_at_a_gate_wins_and_the_second_is_told_so(store: RunStore) -> None:
    with pytest.raises(SettingsError, match="has not asked"):
        store.answer(answer())
    store.ask(GateQuestion(stage=3, title="t", body="b"))
    assert [gate.question.stage for gate in store.waiting_gates()] == [3]
    store.answer(answer("reject", by="ada"))
    with pytest.raises(GateAlreadyAnswered, match="reject by ada") as caught:
        store.answer(answer("approve", by="bob"))
    assert caught.value.first.by == "ada"
    assert store.waiting_gates() == ()


def test_guidance_is_kept_in_order_and_once(store: RunStore) -> None:
    at = now()
    store.add_guidance(Guidance(stage=2, message="first", by="ada"), at=at)
    store.add_guidance(Guidance(stage=2, message="second", by="ada"), at=at)
    store.add_guidance(Guidance(stage=2, message="first", by="ada"), at=at)
    assert [g.message for g in store.guidance(2)] == ["first", "second"]
    assert store.guidance(3) == ()
