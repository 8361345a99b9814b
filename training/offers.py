"""What this app puts into the side bar and on the home page; see sftlab/web/navigation.py."""

from sftlab.accounts.models import User
from sftlab.web.navigation import Offer


def offer(user: User) -> Offer:
    return Offer()
