"""The rating page. A form that works alone; with the script, the next comparison is there before it is needed."""

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET, require_http_methods

from evaluation.models.studies import Rating, Study, Vote
from evaluation.selectors import studies as selectors
from evaluation.services.studies import rating as services
from evaluation.services.studies.checks import feedback_of
from sftlab.accounts.models import User
from sftlab.errors import BadInput, SFTLabError

unstored = cache_control(no_store=True, private=True)


@login_required
@unstored
@require_GET
def rate_list(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    found = [(study, selectors.mine(study, user)) for study in selectors.rated_by(user)]
    return render(
        request, "evaluation/studies/rate_list.html", {"studies": found, "reported": selectors.reported_to(user)}
    )


@login_required
@unstored
@require_http_methods(["GET", "POST"])
def rate(request: HttpRequest, study: UUID) -> HttpResponse:
    user = _user(request)
    found = selectors.get_study(user=user, uuid=study)
    if request.method == "POST":
        return _act(request, user, found)
    rating = services.claim(user=user, study=found)
    context = {"study": found, "mine": selectors.mine(found, user), "working": True, **_comparison(found, rating)}
    told = request.GET.get("last", "")
    vote = Vote.objects.filter(rating__uuid=_uuid(told), rater=user).first() if told else None
    context |= {"last": selectors.undoable(found, user), "feedback": _feedback(vote)}
    return render(request, "evaluation/studies/rate.html", context)


def _act(request: HttpRequest, user: User, study: Study) -> HttpResponse:
    scripted_page = request.headers.get("X-Requested-With") == "fetch"
    try:
        last, vote = _do(request, user, study)
        if not scripted_page:
            address = request.path + (f"?last={last}" if last else "")
            return redirect(address)
        coming = _coming(request, user, study, at_once=_is_blank(request))
        return JsonResponse({**coming, "feedback": _feedback(vote)})
    except SFTLabError as error:
        if not scripted_page:
            raise
        body = {"code": error.code, "message": str(error.message), "errors": error.errors}
        return JsonResponse(body, status=error.status)


def _is_blank(request: HttpRequest) -> bool:
    return request.POST.get("action") in ("undo", "skip") or "current" in request.POST


def _do(request: HttpRequest, user: User, study: Study) -> tuple[str, Vote | None]:
    """The rating that may now be taken back, if any, and the vote."""
    action = request.POST.get("action") or "vote"
    if action == "ahead":
        return "", None
    rating = _uuid(request.POST.get("rating", ""))
    if action == "vote":
        vote, _fresh = services.submit(user=user, uuid=rating, key=str(rating), body=_judgement(request, study))
        return str(rating), vote
    if action == "skip":
        services.skip(user=user, uuid=rating, reason=request.POST.get("comment", "")[:1000])
    elif action == "undo":
        services.undo(user=user, uuid=rating)
    return "", None


def _feedback(vote: Vote | None) -> str | None:
    """What a question before the study taught, in the reader's language."""
    found = feedback_of(vote) if vote else None
    if found is None:
        return None
    verdict = _("Right.") if found["passed"] else _("Not quite.")
    return f"{verdict} {found['why'].get(_language(), '')}".strip()


def _language() -> str:
    return "zh" if (get_language() or "").startswith("zh") else "en"


def _coming(request: HttpRequest, user: User, study: Study, *, at_once: bool) -> dict[str, Any]:
    """What the script shows next: `current` only where it can't know it, and the one after."""
    current = services.claim(user=user, study=study)
    ahead = services.claim(user=user, study=study, ahead=True) if current else None
    html = {"current": _html(request, study, current) if at_once else None, "next": _html(request, study, ahead)}
    return {**html, "mine": selectors.mine(study, user), "empty": current is None}


def _html(request: HttpRequest, study: Study, rating: Rating | None) -> str | None:
    if rating is None:
        return None
    context = {"study": study, **_comparison(study, rating)}
    return render_to_string("evaluation/studies/_comparison.html", context, request)


def _comparison(study: Study, rating: Rating | None) -> dict[str, Any]:
    if rating is None:
        return {"rating": None}
    loaded = selectors.load_shown(rating)
    shown = selectors.shown(loaded)
    return {
        "rating": shown["rating"],
        "prompt": shown["prompt"],
        "answers": [("left", "A", shown["left"]), ("right", "B", shown["right"])][: 2 if study.compares else 1],
        "lang": loaded.item.item.language or None,
        "starts_right": int(shown["rating"][-1], 16) % 2,
        "dimensions": [_dimension(one, _language()) for one in study.dimensions],
        "kept": shown["draft"] or {},
    }


def _dimension(one: dict[str, Any], language: str) -> dict[str, Any]:
    points = list(enumerate(one["anchors"][language], start=1))
    return {"key": one["key"], "name": one["name"][language], "points": points}


def _judgement(request: HttpRequest, study: Study) -> dict[str, Any]:
    """The form's fields as the service takes them; what was left empty is left out, so that it is named as a fault."""
    post = request.POST
    body: dict[str, Any] = {name: post[name] for name in ("choice", "comment", "layout") if post.get(name)}
    body |= {name: post.getlist(name) for name in ("reasons", "harmful") if post.getlist(name)}
    if post.get("lead_time"):
        body["lead_time"] = _number(post["lead_time"])
    if study.scores:
        sides = ("left", "right") if study.compares else ("left",)
        keys = [one["key"] for one in study.dimensions]
        body["scores"] = {
            side: {key: int(score) for key in keys if (score := post.get(f"{side}-{key}", "")).isdecimal()}
            for side in sides
        }
    return body


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise BadInput("lead_time") from error


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadInput("rating") from error


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
