import pytest

from evaluation.metrics import sandbox, sandbox_launcher
from evaluation.metrics.base import Pair
from evaluation.metrics.pass_at_k import pass_at_k, program
from tests.evaluation.metrics.factories import scored

TEST = "assert add(2, 3) == 5"
RIGHT = "def add(a, b):\n    return a + b"
WRONG = "def add(a, b):\n    return a - b"


def passes(code: str, **limits: int) -> bool:
    return sandbox.passes(code, **{"seconds": 2, "megabytes": 256, **limits})


def test_estimate_by_hand() -> None:
    # Chen et al. 2021, equation 1: n = 4, c = 1, k = 2 is 1 - C(3, 2)/C(4, 2).
    assert pass_at_k(4, 1, 2) == pytest.approx(0.5)
    assert (pass_at_k(5, 0, 3), pass_at_k(5, 3, 3)) == (0, 1)


def test_it_is_off_by_default() -> None:
    found = scored("pass_at_k", [Pair("1", RIGHT, (TEST,))])
    assert (found.value, "off" in str(found.reason)) == (None, True)


def test_samples_that_pass_their_test_count() -> None:
    pairs = [
        Pair("1", f"Here you are:\n```python\n{RIGHT}\n```\nDone.", (TEST,)),
        Pair("2", WRONG, (TEST,), "", {"samples": [RIGHT, WRONG, WRONG]}),
        Pair("3", "", (TEST,)),
    ]
    found = scored("pass_at_k", pairs, allow=True)
    assert [one.value for one in found.items] == [1.0, 0.25, 0.0]


def test_too_few_samples_are_an_error_of_their_row() -> None:
    found = scored("pass_at_k", [Pair("1", RIGHT, (TEST,))], allow=True, k=2)
    assert found.items[0].reason == "too_few_samples"


def test_where_isolation_cannot_be_had_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.require_isolation.cache_clear()
    monkeypatch.setattr(sandbox, "passes", lambda *_, **__: False)
    found = scored("pass_at_k", [Pair("1", RIGHT, (TEST,))], allow=True)
    assert (found.value, "cannot take network" in str(found.reason)) == (None, True)


@pytest.mark.parametrize(
    "act",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import os; os.fork()",
        "import subprocess; subprocess.run(['true'])",
        "import threading; threading.Thread(target=print).start()",
        "open('file', 'w').write('x')",
        "import os; os.open('file', os.O_CREAT | os.O_RDWR)",
        "import os; os.remove('kept')",
        "import os; os.rename('kept', 'other')",
        "import os; os.kill(os.getppid(), 9)",
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))",
        "x = bytearray(1 << 30)",
        "import ctypes; assert ctypes.CDLL(None).socket(2, 1, 0) >= 0",
    ],
)
def test_a_program_can_only_compute_and_read(act: str) -> None:
    assert not passes(act)


def test_reading_the_standard_library_and_computing_is_possible() -> None:
    assert passes("import math, json, re, collections, datetime, random, itertools, heapq\nassert math.gcd(4, 6) == 2")


@pytest.mark.parametrize("loop", ["while True: pass", "import time; time.sleep(60)"])
def test_endless_programs_are_ended(loop: str) -> None:
    assert not passes(loop, seconds=1)


@pytest.mark.parametrize("act", ["import os; os._exit(0)", "raise SystemExit(0)", "print('passed')\nassert False"])
def test_leaving_early_is_not_passing(act: str) -> None:
    assert not passes(act)


def test_the_filter_knows_both_machines() -> None:
    calls = {machine: sandbox_launcher.allowed(machine) for machine in sandbox_launcher.ARCHITECTURES}
    assert all(len(set(found)) == len(found) for found in calls.values())
    assert len(calls["x86_64"]) == len(calls["aarch64"]) + len(sandbox_launcher.OLD_READS)
    assert all(len(sandbox_launcher.rules(machine)) // 8 < 256 for machine in calls)


def test_an_answer_without_a_fence_is_the_program() -> None:
    assert program(RIGHT) == RIGHT
