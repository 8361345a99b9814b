"""Who plays in the demo. The scripted ones do the work; the others are for the person at the browser."""

from dataclasses import dataclass

from sftlab.accounts.models import User
from sftlab.accounts.services import create_user

PASSWORD = "sftlab-demo-2026"  # noqa: S105 - printed by the demo, and closed wherever others can reach the service


@dataclass(frozen=True)
class Person:
    name: str
    role: str
    scripted: bool = True


ADMIN = Person("admin", "admin", scripted=False)
ANNOTATORS = [Person(name, "annotator") for name in ("ann_a", "ann_b")]
REVIEWER = Person("rev_a", "reviewer")
RATERS = [Person(name, "rater") for name in ("rater_a", "rater_b", "rater_c")]
VISITORS = [Person("anna", "annotator", False), Person("rui", "reviewer", False), Person("ravi", "rater", False)]
EVERYONE = [ADMIN, *ANNOTATORS, REVIEWER, *RATERS, *VISITORS]


def ensure_people() -> int:
    """How many were new."""
    known = set(
        User.objects.filter(username__in=[person.name for person in EVERYONE]).values_list("username", flat=True)
    )
    new = [person for person in EVERYONE if person.name not in known]
    for person in new:
        create_user(
            actor=None,
            username=person.name,
            password=PASSWORD,
            is_admin=person.role == "admin",
            scripted=person.scripted,
            demo=True,
        )
    return len(new)
