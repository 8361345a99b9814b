from collections.abc import Mapping
from typing import Any

from django import template

from evaluation.lineage.walk import Levels, Lineage

register = template.Library()


@register.filter
def pairs(facts: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """`facts.items` would be the fact called items, where there is one."""
    return list(facts.items())


@register.filter
def furthest_first(levels: Levels) -> Levels:
    return levels[::-1]


@register.filter
def arrows(lineage: Lineage) -> list[list[str]]:
    """For the script that draws them: `[from, to]`, each a node's key."""
    return [list(edge) for edge in lineage.edges]
