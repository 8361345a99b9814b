"""What this app puts into the side bar and on the home page."""

from django.urls import reverse
from django.utils.translation import gettext as _

from sftlab.accounts.models import User
from sftlab.web.navigation import Card, Entry, Offer, Stage
from training import selectors
from training.models import Run


def offer(user: User) -> Offer:
    if not selectors.may_look(user):
        return Offer()
    entries = [
        Entry(_("Models"), reverse("training:models"), "model"),
        Entry(_("Runs"), reverse("training:runs"), "run"),
    ]
    return Offer(manage=entries, cards=lambda: _cards(user), stages=lambda: [_stage(user)])


def _cards(user: User) -> list[Card]:
    live = selectors.visible_runs(user).filter(status__in=[Run.Status.RUNNING, Run.Status.CANCELLING])
    return [_card(run) for run in live]


def _card(run: Run) -> Card:
    return Card(
        title=run.name,
        text=_("is being trained"),
        url=reverse("training:run", args=[run.uuid]),
        action=_("Watch"),
        icon="run",
        done=run.progress.get("step"),
        total=run.progress.get("steps"),
        scripted=run.created_by.scripted,
    )


def _stage(user: User) -> Stage:
    runs = selectors.visible_runs(user)
    newest = runs.first()
    return Stage(
        place=3,
        title=_("Runs"),
        url=reverse("training:runs"),
        icon="run",
        count=runs.count(),
        state=_("%(name)s: %(state)s") % {"name": newest, "state": newest.get_status_display()} if newest else "",
        hint=_("Register a model and fine-tune it on a version."),
    )
