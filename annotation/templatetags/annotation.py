from django import template

from annotation.dimensions import DIMENSIONS

register = template.Library()


@register.filter
def dimension(name: str) -> str:
    """In the reader's language."""
    known = DIMENSIONS.get(name)
    return str(known.title) if known else name
