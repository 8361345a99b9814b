import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.metrics.factories import TEXTS, pair, scored


@pytest.mark.parametrize(("name", "words"), [("chrf", 0), ("chrf++", 2)])
@given(rows=st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=5))
def test_equals_sacrebleu(name: str, words: int, rows) -> None:
    rows = [row for row in rows if all(text.strip() for text in row)]
    if not rows:
        return
    found = scored(name, [pair(h, *refs) for h, *refs in rows])
    peer = sacrebleu.CHRF(word_order=words)
    streams = [[row[1] for row in rows], [row[2] for row in rows]]
    assert found.value == pytest.approx(peer.corpus_score([row[0] for row in rows], streams).score, abs=1e-9)
    expected = [peer.sentence_score(h, refs).score for h, *refs in rows]
    assert [one.value for one in found.items] == pytest.approx(expected, abs=1e-9)


def test_signature_tells_the_orders() -> None:
    assert scored("chrf++", [pair("a", "a")]).signature == "chrf++|v:1|case:mixed|nc:6|nw:2|space:no|beta:2|eff:yes"
