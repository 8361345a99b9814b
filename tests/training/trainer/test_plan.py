from collections import Counter

import numpy as np
import pytest

from training.trainer.plan import Part, Plan, passes, share
from training.trainer.spec import TrainConfig


def plan(*counts_weights: tuple[int, float], **config: object) -> Plan:
    starts = np.cumsum([0, *(count for count, _ in counts_weights)])
    parts = tuple(Part(int(s), c, w) for s, (c, w) in zip(starts, counts_weights, strict=False))
    total = int(starts[-1])
    lengths = np.random.default_rng(0).integers(5, 400, total)
    return Plan(parts, lengths, np.arange(total, 0, -1.0), TrainConfig(**config), seed=1)  # type: ignore[arg-type]


def drawn(found: Plan) -> list[int]:
    return [int(i) for rows in found.step_rows() for i in rows]


def test_every_row_comes_once_in_an_epoch_in_another_order_each_time() -> None:
    found = plan((50, 1.0), epochs=2, batch_size=8)
    order = drawn(found)
    assert sorted(order[:50]) == sorted(order[50:]) == list(range(50))
    assert order[:50] != order[50:]


def test_steps_from_the_middle_are_the_steps_of_the_whole() -> None:
    found = plan((50, 0.7), (20, 1.5), epochs=3, batch_size=8)
    whole = [rows.tolist() for rows in found.step_rows()]
    for first in (1, 8, 15):
        assert [rows.tolist() for rows in found.step_rows(first)] == whole[first:]


def test_a_weight_says_how_often_a_row_is_seen_in_an_epoch() -> None:
    seen = Counter(drawn(plan((10, 2.0), (40, 0.25), epochs=4, batch_size=6)))
    assert [seen[i] for i in range(10)] == [8] * 10
    assert [seen[i] for i in range(10, 50)] == [1] * 40


def test_shares_make_each_file_that_part_of_an_epoch() -> None:
    seen = Counter(i < 10 for i in drawn(plan((10, 3.0), (90, 1.0), epochs=1, mixing="share", batch_size=5)))
    assert seen == {True: 75, False: 25}


def test_a_file_of_weight_zero_is_never_drawn() -> None:
    assert max(drawn(plan((10, 1.0), (10, 0.0), epochs=3))) < 10


@pytest.mark.parametrize("curriculum", ["length", "difficulty"])
def test_a_curriculum_goes_from_easy_to_hard(curriculum: str) -> None:
    found = plan((40, 1.0), epochs=1, curriculum=curriculum)
    keys = found.lengths if curriculum == "length" else found.difficulty
    values = [keys[i] for i in drawn(found)]
    assert values == sorted(values)


def test_part_of_an_epoch_is_possible() -> None:
    assert plan((64, 1.0), epochs=0.5, batch_size=8).steps == 4


def test_passes_hold_no_more_tokens_than_allowed_and_all_rows() -> None:
    lengths = np.array([10, 400, 90, 30, 600, 20])
    groups = passes(np.arange(6), lengths, TrainConfig(micro_tokens=512), padded=False)
    assert sorted(i for group in groups for i in group) == list(range(6))
    assert all(lengths[group].sum() <= 512 or len(group) == 1 for group in groups)


def test_padded_passes_count_their_padding() -> None:
    lengths = np.array([10, 200, 210, 220])
    groups = passes(np.arange(4), lengths, TrainConfig(micro_tokens=512), padded=True)
    assert all(lengths[group].max() * len(group) <= 512 for group in groups)


@pytest.mark.parametrize("world", [2, 3])
def test_ranks_share_a_step_without_losing_or_doubling_a_row(world: int) -> None:
    lengths = np.random.default_rng(1).integers(5, 400, 13)
    rows = np.arange(13)
    parts = [share(rows, lengths, rank, world) for rank in range(world)]
    assert sorted(np.concatenate(parts).tolist()) == rows.tolist()
    totals = [int(lengths[part].sum()) for part in parts]
    assert max(totals) - min(totals) <= lengths.max()
