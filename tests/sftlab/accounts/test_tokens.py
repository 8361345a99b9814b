from datetime import timedelta

import pytest
from django.utils import timezone

from sftlab.accounts.models import ApiToken, User
from sftlab.accounts.services import create_token, create_user
from sftlab.audit.models import Event
from sftlab.errors import BadInput

PASSWORD = "a long enough passphrase"
LOG_IN = "/api/v1/auth/token/"
TOKENS = "/api/v1/tokens/"


@pytest.fixture
def lin(db) -> User:
    return create_user(actor=None, username="lin", password=PASSWORD)


@pytest.fixture
def with_token(api):
    def client(text: str):
        made = api()
        made.credentials(HTTP_AUTHORIZATION=f"Token {text}")
        return made

    return client


def test_a_name_and_a_password_give_a_token_that_works(api, lin, with_token):
    answer = api().post(LOG_IN, {"username": "lin", "password": PASSWORD})
    assert answer.status_code == 200
    assert with_token(answer.data["token"]).get(TOKENS).status_code == 200


def test_only_the_digest_is_stored(lin):
    _row, text = create_token(user=lin)
    assert text not in str(list(ApiToken.objects.values_list()))


def test_a_wrong_password_is_a_400_of_the_common_shape(api, lin):
    answer = api().post(LOG_IN, {"username": "lin", "password": "wrong"})
    assert (answer.status_code, answer.data["code"], answer.data["errors"]) == (400, "bad_credentials", [])


def test_many_wrong_passwords_lock_the_name_out_for_a_while(api, lin):
    answers = [api().post(LOG_IN, {"username": "lin", "password": "wrong"}) for _ in range(9)]
    assert answers[-1].status_code == 429
    assert answers[-1]["Retry-After"]
    assert api().post(LOG_IN, {"username": "lin", "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize("password", ["short", "1234567890123", "password123", "lin-lin-lin"])
def test_weak_passwords_are_refused(db, password):
    with pytest.raises(BadInput) as refused:
        create_user(actor=None, username="lin-lin-lin", password=password)
    assert refused.value.errors[0]["field"] == "password"


def test_an_expired_token_is_a_401(lin, with_token):
    row, text = create_token(user=lin)
    ApiToken.objects.filter(digest=row.digest).update(expiry=timezone.now() - timedelta(seconds=1))
    assert with_token(text).get(TOKENS).status_code == 401


def test_a_read_only_token_reads_and_nothing_else(lin, with_token):
    _row, text = create_token(user=lin, scope="read")
    assert with_token(text).get(TOKENS).status_code == 200
    assert with_token(text).post(TOKENS, {"name": "x"}).status_code == 403


def test_a_program_gets_a_named_token_with_the_expiry_it_asked_for(api, lin):
    wanted = timezone.now() + timedelta(days=30)
    answer = api(lin).post(TOKENS, {"name": "dashboard", "scope": "read", "expires_at": wanted.isoformat()})
    assert answer.status_code == 201
    assert abs(ApiToken.objects.get(name="dashboard").expiry - wanted) < timedelta(minutes=1)


def test_the_list_tells_of_each_all_but_its_text(api, lin):
    wanted = (timezone.now() + timedelta(days=30)).isoformat()
    made = api(lin).post(TOKENS, {"name": "dashboard", "scope": "read", "expires_at": wanted}).data
    (found,) = api(lin).get(TOKENS).data
    assert found == {name: value for name, value in made.items() if name != "token"}


def test_nobody_revokes_the_token_of_another(api, lin, bob):
    row, _text = create_token(user=lin)
    assert api(bob).delete(f"{TOKENS}{row.uuid}/").status_code == 404
    assert ApiToken.objects.filter(digest=row.digest).exists()


def test_a_revoked_token_is_gone_and_recorded(api, lin):
    row, _text = create_token(user=lin)
    assert api(lin).delete(f"{TOKENS}{row.uuid}/").status_code == 204
    assert Event.objects.filter(verb="token.revoke", actor=lin).exists()


def test_a_switched_off_account_gets_nowhere(lin, with_token):
    _row, text = create_token(user=lin)
    User.objects.filter(pk=lin.pk).update(is_active=False)
    assert with_token(text).get(TOKENS).status_code == 401


def test_a_demo_account_opens_nothing_on_a_service_that_others_can_reach(api, with_token, settings, db):
    demo = create_user(actor=None, username="demo", password=PASSWORD, demo=True)
    _row, text = create_token(user=demo)
    settings.IS_LOCAL = False
    assert api().post(LOG_IN, {"username": "demo", "password": PASSWORD}).status_code == 400
    assert with_token(text).get(TOKENS).status_code == 401
