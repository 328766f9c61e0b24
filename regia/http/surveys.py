"""What customers answered, for people and programs that look at it: with their words."""

from aiohttp import web

from desk.surveys.views import Wanted
from desk.surveys.views import listed as surveys_page
from regia.http.asked import listed, look, moment, one_of, page_of, word_of
from regia.http.requests import json_answer
from storage.surveys import STATES


async def listing(request: web.Request) -> web.Response:
    """`GET /v1/surveys?name=&state=&brand=&since=&until=&cursor=&limit=`: surveys with their answers, newest first."""
    wanted = Wanted(
        name=word_of(request, "name"),
        state=one_of(request, "state", STATES),
        brand=word_of(request, "brand"),
        since_ms=moment(request, "since"),
        until_ms=moment(request, "until"),
    )
    page = page_of(request)
    return json_answer(listed("surveys", await look(request, lambda connection: surveys_page(connection, wanted, **page))))
