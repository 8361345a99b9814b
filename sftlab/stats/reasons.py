"""Why a number is missing or should be read with care: a message that pages can translate, and its values.

Nothing here knows Django. A page shows `reason.text(gettext)`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def gettext_noop(message: str) -> str:
    """Marks a message for makemessages, which finds it by this name."""
    return message


@dataclass(frozen=True)
class Reason:
    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, translate: Callable[[str], str]) -> str:
        message = translate(self.message)
        return message % self.values if self.values else message

    def __str__(self) -> str:
        return self.text(str)


NO_UNITS = Reason(gettext_noop("No unit has ratings by two or more raters."))
NO_COMPLETE_UNITS = Reason(gettext_noop("Fewer than two units were rated by every rater."))
NO_VARIANCE = Reason(
    gettext_noop(
        "Every rating is the same, so chance agreement cannot be told from real agreement. See the percentage."
    )
)
UNDEFINED = Reason(gettext_noop("The ratings vary too little for this coefficient to be defined."))
NEEDS_TWO_RATERS = Reason(gettext_noop("This coefficient is for exactly two raters."))
NEEDS_NUMBERS = Reason(gettext_noop("This coefficient needs ordered or numeric ratings, and these are only names."))
NO_SPREAD = Reason(
    gettext_noop("All resamples gave the same value, so the data cannot show how uncertain it is. Rate more units.")
)
UNSTABLE = Reason(
    gettext_noop("The coefficient was undefined in more than one resample in twenty, so it has no interval.")
)
ONE_UNIT = Reason(gettext_noop("One unit cannot show how much the value would vary."))
