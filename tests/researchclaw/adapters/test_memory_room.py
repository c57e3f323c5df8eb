"""As many runs at once as memory has room for."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from researchclaw import hardware
from researchclaw.adapters.memory_room import MemoryRoom


def most_at_once(room: MemoryRoom, runs: int) -> int:
    stop, lock, running, most = threading.Event(), threading.Lock(), 0, 0

    def run() -> None:
        nonlocal running, most
        with room.taken(stop):
            with lock:
                running += 1
                most = max(most, running)
            time.sleep(0.05)
            with lock:
                running -= 1

    with ThreadPoolExecutor(runs) as pool:
        for future in [pool.submit(run) for _ in range(runs)]:
            future.result()
    return most


def test_runs_wait_for_memory_and_one_always_goes() -> None:
    room = MemoryRoom(lambda: 1000.0)
    room.seen(400.0)
    assert most_at_once(room, 6) == 2
    room.seen(5000.0)
    assert most_at_once(room, 3) == 1


def test_a_small_run_that_was_seen_makes_room_for_more() -> None:
    room = MemoryRoom(lambda: 2000.0)
    assert most_at_once(room, 4) == 1
    room.seen(300.0)
    assert most_at_once(room, 4) == 4


def test_a_stopped_laboratory_waits_for_nothing() -> None:
    room, stop = MemoryRoom(lambda: 1.0), threading.Event()
    stop.set()
    with room.taken(stop), room.taken(stop):
        pass


def test_available_memory_is_read_from_the_kernel() -> None:
    assert hardware.available_memory_bytes("MemTotal: 9 kB\nMemAvailable:  2048 kB\n") == 2 * 2**20
