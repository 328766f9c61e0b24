"""Addresses of servers: a password with characters of its own is told of, and no part of it is shown."""

import pytest
from pydantic import BaseModel, ValidationError

from regia.settings import BlobStore, CoordinationStore, DatabaseStore, QueuesStore
from regia.store_settings import ENCODE

STORES: list[tuple[type[BaseModel], str, str]] = [
    (QueuesStore, "amqp", "url"),
    (QueuesStore, "amqps", "url"),
    (QueuesStore, "https", "management_url"),
    (DatabaseStore, "postgresql", "url"),
    (CoordinationStore, "redis", "url"),
    (BlobStore, "s3", "url"),
]
BARE = ["SEC@RET/PW", "SEC@RET", "SEC/RET", "SEC?RET", "SEC#RET", "1234/RET", "5672?RET", "SEC%RET", "SEC%4", "a@b@c", "@", "/"]


@pytest.mark.parametrize(("store", "scheme", "key"), STORES)
@pytest.mark.parametrize("password", BARE)
@pytest.mark.parametrize("rest", ["127.0.0.1:1/vh", "host"])
def test_a_password_that_is_not_encoded(store: type[BaseModel], scheme: str, key: str, password: str, rest: str) -> None:
    with pytest.raises(ValidationError) as caught:
        store.model_validate({key: f"{scheme}://regia:{password}@{rest}"})
    (error,) = caught.value.errors(include_input=False, include_url=False)
    assert error["msg"] == f"Value error, {ENCODE}"
    assert (error["loc"], "SEC" in str(caught.value), "RET" in str(caught.value)) == ((key,), False, False)


@pytest.mark.parametrize(("store", "scheme", "key"), STORES)
@pytest.mark.parametrize("user", ["", "regia@", "regia:SEC%40RET%2FPW%25@", "regia:a,b:c;d!$&'()*+=-._~@", ":pw@"])
def test_one_that_is(store: type[BaseModel], scheme: str, key: str, user: str) -> None:
    url = f"{scheme}://{user}127.0.0.1:1/a%40b"
    assert getattr(store.model_validate({key: url}), key).get_secret_value() == url


def test_a_user_before_each_host() -> None:
    with pytest.raises(ValidationError, match="stand once, before the first host"):
        QueuesStore.model_validate({"url": "amqp://u:p@one,u:p@two/v"})


def test_a_path_of_sqlite_is_none_of_it() -> None:
    assert DatabaseStore.model_validate({"url": "sqlite:////srv/regia@home/50%.sqlite"})


@pytest.mark.parametrize("hosts", ["host", "one,two:7"])
@pytest.mark.parametrize("value", ["abc", "", "-1", "1.5", "3601", "99999", "+5", "1_0", "٣", "5&heartbeat=x"])
def test_a_heartbeat_that_is_none(hosts: str, value: str) -> None:
    told = r"heartbeat must be a whole number of seconds, 0 \(none\) to 3600"
    with pytest.raises(ValidationError, match=told):
        QueuesStore.model_validate({"url": f"amqp://u:p@{hosts}/v?heartbeat={value}"})


@pytest.mark.parametrize("query", ["", "?heartbeat=0", "?heartbeat=3600", "?name=x&heartbeat=5"])
def test_one_that_counts(query: str) -> None:
    url = f"amqp://u:p@host/v{query}"
    assert QueuesStore.model_validate({"url": url}).url.get_secret_value() == url
