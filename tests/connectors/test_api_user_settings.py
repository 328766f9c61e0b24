"""Settings of user tokens that cannot work, and what errors and logs show of keys."""

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.api_settings import ApiSettings
from tests.connectors.app_users import (
    SECRET,
    TOKEN,
    api,
    pem,
    private_pem,
    public,
    shared,
)

BAD: list[tuple[dict[str, Any], str]] = [
    (shared(algorithms=[]), "algorithms"),
    (shared(algorithms=["none"]), "algorithms"),
    (shared(algorithms=["HS512"]), "algorithms"),
    (shared(audience=""), "audience"),
    ({"algorithms": ["HS256"], "secrets": SECRET}, "audience"),
    (shared(algorithms=["HS256", "RS256"]), "HS256 stands alone"),
    (shared(public_keys=[{"pem": pem("RS256")}]), "public_keys: they belong to"),
    ({"algorithms": ["HS256"], "audience": "regia"}, "secrets: HS256 needs"),
    (shared(secrets="x" * 31), "at least 32 bytes"),
    (shared(secrets=[SECRET, "short"]), "at least 32 bytes"),
    (shared(secrets=pem("RS256")), "no PEM keys"),
    (shared(secrets=" " * 40), "the secret is empty"),
    (public("RS256", secrets=SECRET), "secrets: they belong to HS256"),
    ({"algorithms": ["ES256"], "audience": "regia"}, "public_keys: these algorithms need"),
    (public("RS256", algorithms=["RS256", "ES256"]), "there is no key for ES256"),
    (public("RS256", "ES256", algorithms=["RS256"]), "there is a key for ES256"),
    (public("RS256", public_keys=[{"pem": pem("short")}]), "2048 bits"),
    (public("ES256", public_keys=[{"pem": pem("ES384")}]), "P-256"),
    (public("RS256", public_keys=[{"pem": "ssh-rsa AAAA"}]), "not a public key"),
    (public("RS256", public_keys=[{"pem": private_pem("RS256")}]), "not a public key"),
    (shared(leeway=301), "leeway"),
    (shared(max_age=0), "max_age"),
    (shared(scope="my:app"), "scope"),
    (shared(claims={"user": "sub"}), "claims"),
]


@pytest.mark.parametrize(("users", "words"), BAD)
def test_settings_that_cannot_work_are_refused(users: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        api(users)
    assert not any(text in str(caught.value) for text in (SECRET, "PRIVATE KEY", private_pem("RS256")[40:80]))


def test_somebody_must_be_able_to_post() -> None:
    with pytest.raises(ValidationError, match="nobody could post"):
        api(shared(), tokens=[])
    with pytest.raises(ValidationError, match="nobody could post"):
        ApiSettings.model_validate({"brand": "demo"})


def test_secrets_do_not_show() -> None:
    assert SECRET not in repr(api().settings)
    assert TOKEN not in repr(api().settings)
