import pytest

from evaluation.rubrics import Dimension, RubricError, dimensions, library, rubric, rubrics


def test_six_rubrics_to_start_from():
    assert set(rubrics()) == {"general", "code", "medical", "legal", "education", "writing"}


@pytest.mark.parametrize("name", rubrics())
def test_every_rubric_has_a_name_and_known_dimensions(name):
    assert rubrics()[name]["name"].keys() == {"en", "zh"}
    assert len(rubric(name)) == 5


@pytest.mark.parametrize("key", library())
def test_every_point_has_an_anchor_in_both_languages(key):
    assert Dimension.from_json(library()[key].to_json()) == library()[key]
    assert all(len(set(texts)) == 5 for texts in library()[key].anchors.values())


@pytest.mark.parametrize(
    "raw",
    [
        [],
        ["relevance", "relevance"],
        ["no such"],
        [{"key": "not a key"}],
        [{"key": "tone", "name": {"en": "Tone"}, "anchors": {}}],
        [{"key": "tone", "name": {"en": "Tone", "zh": "语气"}, "anchors": {"en": ["a"] * 4, "zh": ["a"] * 5}}],
        "relevance",
    ],
)
def test_a_faulty_list_of_dimensions_is_refused(raw):
    with pytest.raises(RubricError):
        dimensions(raw)
