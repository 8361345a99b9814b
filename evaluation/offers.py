"""What this app puts into the side bar and on the home page; see sftlab/web/navigation.py."""

from django.urls import reverse
from django.utils.translation import gettext as _

from evaluation.models.studies import Study
from evaluation.selectors.studies import managed_by, mine, rated_by
from sftlab.accounts.models import User
from sftlab.web.navigation import Card, Entry, Offer


def offer(user: User) -> Offer:
    rates, manages = rated_by(user), managed_by(user)
    work = [Entry(_("Rate"), reverse("evaluation:rate-list"), "scale")] if rates.exists() else []
    manage = [Entry(_("Leaderboards"), reverse("evaluation:leaderboards"), "trophy")]
    if user.is_admin or manages.exists():
        manage.insert(0, Entry(_("Studies"), reverse("evaluation:studies"), "people"))
    if user.is_admin:
        manage[:0] = [
            Entry(_("Evaluation sets"), reverse("evaluation:evalsets"), "book"),
            Entry(_("Evaluations"), reverse("evaluation:evaluations"), "metrics"),
        ]
    return Offer(work=work, manage=manage, cards=lambda: [_rate_card(study, user) for study in rates])


def _rate_card(study: Study, user: User) -> Card:
    own = mine(study, user)
    return Card(
        title=study.name,
        text=_("Blind rating"),
        url=reverse("evaluation:rate", args=[study.uuid]),
        action=_("Rate"),
        icon="scale",
        done=own["done"],
        total=own["done"] + own["left"],
    )
