"""A lock that is given in order: nobody overtakes, and who gives up holds nobody up."""

from __future__ import annotations

import threading
import time

from ccm_fhir.storage.turnstile import Turnstile

PATIENCE = 30.0


def queued(turnstile: Turnstile, name: int, entered: list[int]) -> threading.Thread:
    """Let a thread wait in line, and return once it does."""

    def enter() -> None:
        assert turnstile.acquire(PATIENCE)
        entered.append(name)
        turnstile.release()

    thread = threading.Thread(target=enter)
    before = len(turnstile._waiting)  # noqa: SLF001  # nothing else tells that it waits
    thread.start()
    while len(turnstile._waiting) == before:  # noqa: SLF001
        time.sleep(0.001)
    return thread


def test_whoever_came_first_is_served_first() -> None:
    turnstile, entered = Turnstile(), list[int]()
    assert turnstile.acquire(0)
    threads = [queued(turnstile, name, entered) for name in range(20)]

    turnstile.release()
    for thread in threads:
        thread.join(PATIENCE)

    assert entered == list(range(20))


def test_nobody_overtakes_who_waits_even_if_they_come_at_the_moment_of_release() -> None:
    turnstile, entered = Turnstile(), list[int]()
    assert turnstile.acquire(0)
    waiting = queued(turnstile, 1, entered)

    turnstile.release()
    assert turnstile.acquire(PATIENCE)

    assert entered == [1]
    turnstile.release()
    waiting.join(PATIENCE)


def test_who_gives_up_is_not_waited_for() -> None:
    turnstile, entered = Turnstile(), list[int]()
    assert turnstile.acquire(0)

    assert not turnstile.acquire(0.01)
    waiting = queued(turnstile, 1, entered)
    turnstile.release()
    waiting.join(PATIENCE)

    assert entered == [1]
    assert turnstile.acquire(0)


def test_only_one_is_inside_however_many_come_and_give_up() -> None:
    turnstile, inside, most, passed = Turnstile(), [0], [0], list[int]()

    def work() -> None:
        for _ in range(200):
            if not turnstile.acquire(0.0005):
                continue
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            passed.append(1)
            inside[0] -= 1
            turnstile.release()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert (most, inside) == ([1], [0])
    assert passed
    assert turnstile.acquire(0)
