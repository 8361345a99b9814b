"""What somebody who missed a training item is told: pure."""

from collections.abc import Mapping

from django.utils.translation import get_language


def feedback_text(texts: Mapping[str, str]) -> str:
    """In the reader's language where there is one."""
    language = "zh" if (get_language() or "").startswith("zh") else "en"
    return texts.get(language) or next(iter(texts.values()), "")
