from django.urls import reverse
from django.utils.translation import gettext as _

from sftlab.accounts.models import User
from sftlab.web.navigation import Entry, Offer


def offer(user: User) -> Offer:
    if not user.is_admin:
        return Offer()
    return Offer(manage=[Entry(_("People"), reverse("accounts:people"), "people")])
