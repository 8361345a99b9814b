"""Whether the people of a project agree, and what a manager should look at. Nothing here acts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, combinations
from statistics import mean, median
from typing import Any

import numpy as np
from django.utils.translation import gettext as _

from annotation.dimensions import title_of
from annotation.models import Item, Project, Response
from sftlab.stats.agreement import agreement
from sftlab.stats.intervals import Interval, percentile_interval, resampled_counts
from sftlab.stats.ratings import Level, Ratings
from sftlab.text.language import scripts
from sftlab.text.normalisation import normalise
from sftlab.text.similarity import chrf

COEFFICIENT = "krippendorff_alpha"
MOST_RESPONSES = 5_000
FEWEST = 8
FASTEST_UNITS_PER_SECOND = 12.0
"""Han characters and words read in a second; careful reading is 4 to 6 (Brysbaert 2019: 238 words a minute)."""
FASTEST_TYPED_PER_SECOND = 5.0
"""Han characters and words; a fast typist makes 2 words a second (Dhakal et al. 2018: mean 52 words a minute)."""
DRIFT = 1.0
REPEATED = 3
PARTS = 6
RESAMPLES = 1_000


@dataclass(frozen=True)
class Agreement:
    """`value` None: `reason` says why. `n` counts items that two people or more answered."""

    dimension: str
    measure: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str


@dataclass(frozen=True)
class Signal:
    """Something to look at, with the numbers behind it; `username` is empty where it is about the project."""

    kind: str
    username: str
    text: str


def _recent(project: Project) -> list[Response]:
    """The latest work, the oldest first; fixes are reviewers' work and left out."""
    rows = (
        Response.objects.filter(project=project, item__lane=Item.Lane.WORK, assignment__isnull=False)
        .exclude(state=Response.State.REJECTED)
        .select_related("item", "author")
        .order_by("-id")[:MOST_RESPONSES]
    )
    return list(reversed(rows))


@dataclass(frozen=True)
class Report:
    agreements: list[Agreement]
    history: list[dict[str, Any]]
    signals: list[Signal]


def report(project: Project) -> Report:
    """All of it from one look at the work."""
    responses = _recent(project)
    history = _history(project, responses)
    return Report(_agreements(project, responses), history, _signals(responses, history))


def agreements(project: Project) -> list[Agreement]:
    return _agreements(project, _recent(project))


def _agreements(project: Project, responses: Sequence[Response]) -> list[Agreement]:
    if project.kind == Project.Kind.RATE:
        return [_alpha(responses, dimension) for dimension in project.dimensions]
    return [_similarity(responses)]


def _alpha(responses: Sequence[Response], dimension: str) -> Agreement:
    rated = {(r.item_id, r.author_id): r.ratings[dimension] for r in responses if r.ratings and dimension in r.ratings}
    overlap = sum(count > 1 for count in Counter(item for item, _author in rated).values())
    if overlap < 2:
        return Agreement(dimension, COEFFICIENT, None, None, None, overlap, _("Too few items were rated twice."))
    table = Ratings.from_triples(
        [str(item) for item, _author in rated],
        [str(author) for _item, author in rated],
        [float(value) for value in rated.values()],
        level=Level.ORDINAL,
    )
    found = agreement(table, level=Level.ORDINAL)[COEFFICIENT]
    reason = found.reason.text(_) if found.reason else ""
    return Agreement(dimension, COEFFICIENT, found.value, found.low, found.high, found.n, reason)


def _similarity(responses: Sequence[Response]) -> Agreement:
    """Mean chrF of the pairs of each item, then of the items; good writers differ, so a very high one is news too."""
    by_item: dict[int, list[str]] = defaultdict(list)
    for response in responses:
        by_item[response.item_id].append(response.output)
    values = [mean(chrf(a, b) for a, b in combinations(texts, 2)) for texts in by_item.values() if len(texts) > 1]
    if not values:
        return Agreement("similarity", "chrf", None, None, None, 0, _("No item was answered twice yet."))
    between = _interval(values)
    return Agreement("similarity", "chrf", mean(values), between.low, between.high, len(values), "")


def _interval(values: Sequence[float]) -> Interval:
    """Of their mean: percentiles of resamples of the items."""
    weights = resampled_counts(np.ones(len(values), dtype=np.int64), RESAMPLES, np.random.default_rng(0))
    return percentile_interval(weights @ np.array(values) / len(values))


def agreement_over_time(project: Project) -> list[dict[str, Any]]:
    """The same in equal parts of the items so far, by when their last response came.

    `[{until, dimension, measure, value, low, high, n, reason}]`
    """
    return _history(project, _recent(project))


def _history(project: Project, responses: Sequence[Response]) -> list[dict[str, Any]]:
    by_item: dict[int, list[Response]] = defaultdict(list)
    for response in responses:
        by_item[response.item_id].append(response)
    shared = sorted((several for several in by_item.values() if len(several) > 1), key=lambda several: several[-1].pk)
    size = max(FEWEST, -(-len(shared) // PARTS))
    points = []
    for start in range(0, len(shared), size):
        chunk = shared[start : start + size]
        until = chunk[-1][-1].created_at.isoformat()
        points += [{"until": until, **asdict(found)} for found in _agreements(project, list(chain(*chunk)))]
    return points


def signals(project: Project) -> list[Signal]:
    responses = _recent(project)
    return _signals(responses, _history(project, responses))


def _signals(responses: Sequence[Response], history: Iterable[dict[str, Any]]) -> list[Signal]:
    by_author: dict[str, list[Response]] = defaultdict(list)
    for response in responses:
        by_author[response.author.username].append(response)
    found: list[Signal] = []
    for name, mine in sorted(by_author.items()):
        if len(mine) >= FEWEST:
            found += [*_too_fast(name, mine), *_pasted(name, mine), *_repeated(name, mine), *_one_rating(name, mine)]
            found += _drifting(name, mine, responses)
    return [*found, *_falling(history)]


def _units(text: str) -> int:
    return scripts(text).total


def _too_fast(name: str, mine: Sequence[Response]) -> Iterator[Signal]:
    fast = [
        r for r in mine if r.lead_time and _read(r.item) / r.lead_time > FASTEST_UNITS_PER_SECOND and _read(r.item) > 30
    ]
    if len(fast) >= REPEATED and len(fast) / len(mine) > 0.2:
        text = _("%(n)d of %(all)d answers came faster than the item can be read (median %(seconds).0f seconds).")
        values = {"n": len(fast), "all": len(mine), "seconds": median(r.lead_time for r in fast)}
        yield Signal("too_fast", name, text % values)


def _read(item: Item) -> int:
    shown = [item.messages[-1]["content"], item.input, item.output]
    return sum(map(_units, shown))


def _pasted(name: str, mine: Sequence[Response]) -> Iterator[Signal]:
    """Where there was a draft to edit, nobody can say how much of the text was typed."""
    written = [(r, _units(r.output)) for r in mine if r.output and r.lead_time and not r.item.output]
    pasted = [r for r, units in written if units > 20 and units / r.lead_time > FASTEST_TYPED_PER_SECOND]
    if len(pasted) >= REPEATED and len(pasted) / len(mine) > 0.2:
        text = _("%(n)d of %(all)d answers came faster than they can be typed (median %(seconds).0f seconds): pasted?")
        values = {"n": len(pasted), "all": len(mine), "seconds": median(r.lead_time for r in pasted)}
        yield Signal("pasted", name, text % values)


def _repeated(name: str, mine: Sequence[Response]) -> Iterator[Signal]:
    counts = Counter(normalise(r.output) for r in mine if len(r.output) > 20)
    if counts and counts.most_common(1)[0][1] >= REPEATED:
        text = _("One text was given as the answer to %(n)d items.")
        yield Signal("repeated", name, text % {"n": counts.most_common(1)[0][1]})
    copied = sum(bool(r.output) and normalise(r.output) == normalise(r.item.messages[-1]["content"]) for r in mine)
    if copied >= REPEATED:
        text = _("%(n)d answers repeat the instruction.")
        yield Signal("copied", name, text % {"n": copied})


def _one_rating(name: str, mine: Sequence[Response]) -> Iterator[Signal]:
    given = [tuple(sorted(r.ratings.items())) for r in mine if r.ratings]
    if len(given) >= FEWEST and len(set(given)) == 1:
        text = _("All %(n)d responses got the same ratings.")
        yield Signal("one_rating", name, text % {"n": len(given)})


def _drifting(name: str, mine: Sequence[Response], all_: Iterable[Response]) -> Iterator[Signal]:
    """How far the mean rating lies from those of others on the same items."""
    own = {r.item_id: r.ratings for r in mine if r.ratings}
    differences: dict[str, list[float]] = defaultdict(list)
    for other in all_:
        if other.author.username != name and other.ratings and other.item_id in own:
            for dimension, value in other.ratings.items():
                differences[dimension].append(own[other.item_id].get(dimension, value) - value)
    for dimension, values in differences.items():
        if len(values) >= FEWEST and abs(mean(values)) >= DRIFT:
            text = _("Rates %(dimension)s %(by)+.1f points from the others on %(n)d shared items.")
            yield Signal("drift", name, text % {"dimension": title_of(dimension), "by": mean(values), "n": len(values)})


def _falling(history: Iterable[dict[str, Any]]) -> Iterator[Signal]:
    by_dimension: dict[str, list[float]] = defaultdict(list)
    for point in history:
        if point["value"] is not None:
            by_dimension[point["dimension"]].append(point["value"])
    for dimension, values in by_dimension.items():
        if len(values) >= 3 and values[-1] < min(values[:-1]) - 0.1:
            text = _("Agreement on %(dimension)s fell to %(now).2f; before it was %(low).2f at the lowest.")
            yield Signal(
                "falling", "", text % {"dimension": title_of(dimension), "now": values[-1], "low": min(values[:-1])}
            )
