"""Texts out as customer-service messages, and files in.

Source: WeChat official account documents, "Customer service messages", "Get temporary media".
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

from connectors.abilities import Limits
from connectors.base import Fetched, Http, HttpResponse, Outgoing, Sent
from connectors.errors import MediaReason, MediaUnavailable, SendCode, SendFailed
from connectors.kit.outbound import call, check, host_of, now, one_by_one, refused, split
from connectors.kit.place import recipient
from connectors.reading import Part, decode, encode
from connectors.wechat.codes import TOKEN_OVER, errcode, send_code
from connectors.wechat.settings import WeChatSettings
from connectors.wechat.tokens import AccessTokens

USER: Final = "wechat_user"
LIMITS: Final = Limits(text=2048, unit="bytes")
_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8"}
_LARGEST_ANSWER: Final = 4096
_OK: Final = 200
_GONE: Final = 40007
"""The media id is unknown, or over: WeChat keeps a file for three days."""
_REASONS: Final[Mapping[SendCode, tuple[MediaReason, bool]]] = MappingProxyType(
    {"auth": ("refused", False), "retryable": ("provider_error", True), "rate_limited": ("provider_error", True)}
)


async def send(message: Outgoing, settings: WeChatSettings, tokens: AccessTokens | None, http: Http) -> Sent:
    """Raises `SendFailed`. WeChat gives messages no ids."""
    if tokens is None:
        raise SendFailed("auth", "the connector has no app_id and app_secret: set both to send")
    check(message, LIMITS, now(), timedelta(hours=settings.reply_hours))
    to = recipient(message.to, (USER,), settings.sending_account(message.account))

    async def post(part: str) -> None:
        # As UTF-8: WeChat refuses, or shows, `\u` escapes.
        body = encode({"touser": to, "msgtype": "text", "text": {"content": part}})
        if body is None:
            raise SendFailed("unsupported", "the text is not valid Unicode")
        response = await _posted(body, settings, tokens, http)
        code = errcode(response)
        if code != 0:
            raise refused(response, send_code(code, response.status), code)

    return await one_by_one(split(message.text, LIMITS), post)


async def _posted(body: bytes, settings: WeChatSettings, tokens: AccessTokens, http: Http) -> HttpResponse:
    """WeChat's answer; with another access token where it refused the first one, and so did not take the message."""
    token = await tokens.get(http)
    response = await _post(body, token, settings, http)
    if errcode(response) in TOKEN_OVER:
        tokens.drop(token)
        response = await _post(body, await tokens.get(http), settings, http)
    return response


async def _post(body: bytes, token: str, settings: WeChatSettings, http: Http) -> HttpResponse:
    url = f"{settings.api_url}/cgi-bin/message/custom/send?{urlencode({'access_token': token})}"
    return await call(http, "POST", url, headers=_HEADERS, body=body)


async def fetch(reference: str, settings: WeChatSettings, tokens: AccessTokens | None, http: Http) -> Fetched:
    """A picture by its address, or a file by its media id. Raises `MediaUnavailable`."""
    if reference.startswith(("https://", "http://")):
        return await http.download(reference, hosts=settings.media_hosts)
    if tokens is None:
        raise MediaUnavailable("refused")
    file, said = await _file(reference, settings, tokens, http)
    if said is not None and said.whole("errcode") in TOKEN_OVER:
        file, said = await _file(reference, settings, tokens, http)
    if said is None:
        return file
    video = said.hint("video_url")
    if video is not None:
        return await http.download(video, hosts=settings.media_hosts)
    code = said.whole("errcode")
    raise MediaUnavailable("gone") if code == _GONE else _unavailable(send_code(code, _OK))


async def _file(media_id: str, settings: WeChatSettings, tokens: AccessTokens, http: Http) -> tuple[Fetched, Part | None]:
    """What WeChat gave for the media id, and what it says instead where it is no file."""
    try:
        token = await tokens.get(http)
    except SendFailed as failed:
        raise _unavailable(failed.code) from failed
    query = urlencode({"access_token": token, "media_id": media_id})
    file = await http.download(f"{settings.api_url}/cgi-bin/media/get?{query}", hosts=(host_of(settings.api_url),))
    said = _said(file)
    if said is not None and said.whole("errcode") in TOKEN_OVER:
        tokens.drop(token)
    return file, said


def _said(file: Fetched) -> Part | None:
    """The JSON that came with HTTP 200 instead of a file: an error, or where a video lies."""
    if len(file.content) > _LARGEST_ANSWER or not file.content.lstrip().startswith(b"{"):
        return None
    try:
        said = Part.of(decode(file.content), "answer")
    except ValueError:
        return None
    return said if said.whole("errcode") is not None or said.hint("video_url") is not None else None


def _unavailable(code: SendCode) -> MediaUnavailable:
    reason, retryable = _REASONS.get(code, ("provider_error", False))
    return MediaUnavailable(reason, retryable=retryable)
