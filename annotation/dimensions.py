"""What a rating is given on: a written anchor for every point of each scale, and the flags beside it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise

SCALE = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Dimension:
    name: str
    title: Text
    anchors: tuple[Text, Text, Text, Text, Text]


DIMENSIONS = {
    dimension.name: dimension
    for dimension in (
        Dimension(
            "accuracy",
            _("Accuracy"),
            (
                _("Wrong on the main point, or made up."),
                _("Serious errors beside some right facts."),
                _("Mostly right; an error that a careful reader would notice."),
                _("Right; a small slip that misleads nobody."),
                _("Every statement is right and can be checked."),
            ),
        ),
        Dimension(
            "relevance",
            _("Relevance"),
            (
                _("Answers another question."),
                _("Touches the topic, misses what was asked."),
                _("Answers, with long stretches beside the point."),
                _("Answers; a sentence or two could go."),
                _("Every sentence serves what was asked."),
            ),
        ),
        Dimension(
            "completeness",
            _("Completeness"),
            (
                _("Nearly everything asked for is missing."),
                _("Less than half of it is there."),
                _("The main part is there; something important is missing."),
                _("All but a detail is there."),
                _("Everything asked for is there, in enough depth."),
            ),
        ),
        Dimension(
            "consistency",
            _("Consistency"),
            (
                _("Contradicts itself on the main point."),
                _("Several statements do not fit together."),
                _("One contradiction, or a break in tone or format."),
                _("Holds together; a wording wavers."),
                _("Holds together throughout, in content, tone and format."),
            ),
        ),
    )
}
DEFAULT_DIMENSIONS = tuple(DIMENSIONS)


def title_of(measured: str) -> str:
    """Of a dimension, or of what stands for one where texts are compared."""
    known = DIMENSIONS.get(measured)
    return str(known.title if known else _("Similarity of the texts"))


FLAGS: dict[str, Text] = {
    "harmful": _("Harmful"),
    "personal_data": _("Personal data"),
    "wrong_language": _("Wrong language"),
    "broken_instruction": _("Broken instruction"),
}
