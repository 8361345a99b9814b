"""What this app puts into the side bar and on the home page; see sftlab/web/navigation.py."""

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from evaluation.models import Evaluation, Leaderboard
from evaluation.models.studies import Study
from evaluation.selectors.studies import managed_by, mine, progress, rated_by, reported_to
from sftlab.accounts.models import User
from sftlab.web.navigation import Card, Entry, Offer, Stage


def offer(user: User) -> Offer:
    rates, manages = rated_by(user), managed_by(user)
    has_rated = rates.exists() or reported_to(user).exists()
    work = [Entry(_("Rate"), reverse("evaluation:rate-list"), "scale")] if has_rated else []
    manage = [Entry(_("Leaderboards"), reverse("evaluation:leaderboards"), "trophy")]
    if user.is_admin or manages.exists():
        manage.insert(0, Entry(_("Studies"), reverse("evaluation:studies"), "people"))
    if user.is_admin:
        manage[:0] = [
            Entry(_("Evaluation sets"), reverse("evaluation:evalsets"), "book"),
            Entry(_("Evaluations"), reverse("evaluation:evaluations"), "metrics"),
        ]
    return Offer(
        work=work,
        manage=manage,
        cards=lambda: [_rate_card(study, user) for study in rates],
        stages=lambda: _stages(user),
    )


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


def _stages(user: User) -> list[Stage]:
    """Of studies those that one manages; of evaluations and leaderboards an admin alone sees where they stand."""
    studies = managed_by(user)
    found = [_evaluations()] if user.is_admin else []
    if user.is_admin or studies.exists():
        found.append(_studies(studies))
    return [*found, _leaderboards()] if user.is_admin else found


def _evaluations() -> Stage:
    newest = Evaluation.objects.order_by("-pk").first()
    return Stage(
        place=4,
        title=_("Evaluations"),
        url=reverse("evaluation:evaluations"),
        icon="metrics",
        count=Evaluation.objects.count(),
        state=_("%(name)s: %(state)s") % {"name": newest, "state": newest.get_status_display()} if newest else "",
        hint=_("Upload an evaluation set and let models answer it."),
    )


def _studies(studies: QuerySet[Study]) -> Stage:
    running = studies.filter(status=Study.Status.OPEN).first() or studies.first()
    votes = progress(running) if running else {}
    return Stage(
        place=5,
        title=_("Studies"),
        url=reverse("evaluation:studies"),
        icon="scale",
        count=studies.count(),
        state=running.name if running else "",
        hint=_("Let people compare answers without names."),
        done=votes.get("done"),
        total=votes.get("asked"),
    )


def _leaderboards() -> Stage:
    newest = Leaderboard.objects.filter(current__isnull=False).select_related("current").order_by("-current").first()
    current = newest.current if newest else None
    return Stage(
        place=6,
        title=_("Leaderboards"),
        url=reverse("evaluation:leaderboards"),
        icon="trophy",
        count=Leaderboard.objects.count(),
        state=_("%(name)s: snapshot %(n)d") % {"name": newest, "n": current.number} if current else "",
        hint=_("Publish scores and votes for people and programs."),
    )
