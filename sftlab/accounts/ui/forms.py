from django import forms
from django.utils.translation import gettext_lazy as _

from sftlab.accounts.models import ApiToken


class NewUser(forms.Form):
    username = forms.CharField(label=_("Name"), max_length=150, help_text=_("Letters, digits and @ . + - _ only."))
    password = forms.CharField(
        label=_("First password"),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters, not a common word. The person can change it."),
    )
    is_admin = forms.BooleanField(
        label=_("Administrator"), required=False, help_text=_("May see and change everything, including who made what.")
    )


class NewToken(forms.Form):
    name = forms.CharField(label=_("What is it for?"), max_length=100)
    scope = forms.ChoiceField(label=_("It may"), choices=ApiToken.Scope.choices)
    days = forms.IntegerField(label=_("Days until it expires"), min_value=1, max_value=366, initial=90)
