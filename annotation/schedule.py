"""When hidden gold comes: pure, decided by a keyed hash, so that a person who knows the rule still can't foresee it.

Serials are cut into blocks; in each block as many are gold as the rate asks for, at places that the key picks.
"""

import hashlib
import hmac
import random

BLOCK = 20


def gold_is_due(*, key: bytes, project: int, person: int, serial: int, rate: float) -> bool:
    if rate <= 0:
        return False
    block = BLOCK if rate * BLOCK >= 1 else round(1 / rate)
    number, place = divmod(serial - 1, block)
    return place in _places(_digest(key, project, person, number), block, max(1, round(rate * block)))


def sampled(*, key: bytes, name: str, rate: float) -> bool:
    """Whether something falls into a sample; the same name always answers the same."""
    return int.from_bytes(_digest(key, name)[:8]) / 2**64 < rate


def _digest(key: bytes, *parts: object) -> bytes:
    return hmac.digest(key, ":".join(map(str, parts)).encode(), hashlib.sha256)


def _places(digest: bytes, block: int, count: int) -> set[int]:
    return set(random.Random(digest).sample(range(block), min(count, block)))  # noqa: S311 - the seed is keyed
