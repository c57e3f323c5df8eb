import threading

from researchclaw.adapters.event_loop import LoopThread

NAME = "a loop under test"


def alive() -> int:
    return sum(thread.name == NAME for thread in threading.enumerate())


def test_the_thread_lives_from_the_first_call_to_the_end_and_begins_again() -> None:
    ended: list[str] = []

    async def at_end() -> None:
        ended.append(threading.current_thread().name)

    async def where() -> str:
        return threading.current_thread().name

    thread = LoopThread(NAME, at_end)
    thread.close()
    assert (alive(), ended) == (0, [])
    for round_ in (1, 2):
        assert thread.begin(where()).result(timeout=5) == NAME
        assert alive() == 1
        thread.close()
        assert (alive(), ended) == (0, [NAME] * round_)
