"""Every kind of contact of every channel that is told by webhook, as a table: one entry a round."""

from typing import Final

from tests.e2e.channel_case import Answered, Case, Contact, Told
from tests.e2e.channel_cases_meta import META
from tests.e2e.channel_cases_phone import PHONE
from tests.e2e.channel_samples import Sample


def _telegram(name: str, bot: str) -> Case:
    """The same by webhook and by polling. Deletions are told of business chats only."""
    put = {"7000000001": bot, '"message_id": 700': '"message_id": {sent}'}
    business = Contact(sample=Sample(file="telegram/business_text.json"), text="Hello, are you open?")
    return Case(
        name=name,
        connector=name,
        channel="telegram",
        handle=("telegram_user", f"{bot}:6123456789", "verified"),
        first=Contact(sample=Sample(file="telegram/text.json"), text="Where is my parcel?"),
        files=Contact(sample=Sample(file="telegram/photo.json"), kind="media", text="Broken lid 😢", files=("AgACone_x",)),
        answered=Answered(
            to="6123456789", told=(Told(sample=Sample(file="telegram/from_bot_itself.json", put=put), states=("echo",)),)
        ),
        changes=(
            Contact(
                sample=Sample(file="telegram/edited.json", put={'"message_id": 508': '"message_id": 501'}),
                kind="edit",
                text="Order 13",
                refers_to="6123456789:501",
            ),
            business,
            Contact(
                sample=Sample(file="telegram/business_deleted.json", put={"[20001, 20004]": "[20001]"}),
                kind="delete",
                refers_to="6123456789:20001",
            ),
        ),
    )


_LINE_GROUP: Final = {
    '"type": "group", "groupId": "Ca56f94637c8b7a695f4e3d2c1b0a9f8e", "userId": "U91eeaf62d0c1b2a39485766f5e4d3c2b"': (
        '"type": "user", "userId": "U4af4980629a1b2c3d4e5f60718293a4b"'
    ),
    "468789577898262535": "468789577898262530",
}
"""Its edits and unsends are of a group: here of the person and the message that came first."""

_LINE: Final = Case(
    name="line",
    connector="line",
    channel="line",
    handle=("line_user", "U0000000000000000000000000000reg1:U4af4980629a1b2c3d4e5f60718293a4b", "verified"),
    first=Contact(sample=Sample(file="line/text.json"), text="返品したいのですが、注文番号はTW-4471です。"),
    files=Contact(sample=Sample(file="line/image.json"), kind="media", files=("468789577898262541",)),
    answered=Answered(to="U4af4980629a1b2c3d4e5f60718293a4b"),
    changes=(
        Contact(
            sample=Sample(file="line/message_edited.json", put=_LINE_GROUP),
            kind="edit",
            text="@Regia Shop ส่งของวันศุกร์ไหมคะ",
            refers_to="468789577898262530",
        ),
        Contact(sample=Sample(file="line/unsend.json", put=_LINE_GROUP), kind="delete", refers_to="468789577898262530"),
    ),
)

_VIBER: Final = Case(
    name="viber",
    connector="viber",
    channel="viber",
    handle=("viber_user", "Kq8f/3Zt+Lw01xYb7HgR2A==", "verified"),
    first=Contact(sample=Sample(file="viber/text.json"), text="Bună ziua, unde este coletul meu?"),
    files=Contact(
        sample=Sample(file="viber/picture.json", put={"https://dl-media.example": "{files}"}),
        kind="media",
        text="Uite zgârietura",
        files=("/viber/p1.jpg",),
    ),
    answered=Answered(
        to="Kq8f/3Zt+Lw01xYb7HgR2A==",
        told=(
            Told(sample=Sample(file="viber/delivered.json", put={"5741311803957598044": "{sent}"}), states=("delivered",)),
            Told(sample=Sample(file="viber/seen.json", put={"5741311803991152562": "{sent}"}), states=("read",)),
        ),
    ),
)


def _wechat(name: str, files: Contact) -> Case:
    return Case(
        name=name,
        connector=name,
        channel="wechat",
        handle=("wechat_user", "gh_regiashop:oRegia_WeiLing0a1B2c3D4e5F6g", "verified"),
        first=Contact(sample=Sample(file="wechat/text.xml"), text="你好，请问订单4471什么时候发货？"),  # noqa: RUF001  # Chinese has its own
        files=files,
        answered=Answered(to="oRegia_WeiLing0a1B2c3D4e5F6g", named=False),
    )


_WECHAT: Final = _wechat(
    "wechat",
    Contact(
        sample=Sample(file="wechat/image.xml", put={"http://mmbiz.example": "{files}"}),
        kind="media",
        files=("/mmbiz_jpg/abc/0",),
    ),
)
_WECHAT_SAFE: Final = _wechat("wechat_safe", Contact(sample=Sample(file="wechat/voice.xml"), kind="media", files=("mVoice_3",)))

_X: Final = Case(
    name="x",
    connector="x",
    channel="x",
    handle=("x_user", "111:222", "verified"),
    first=Contact(
        sample=Sample(file="x/dm.json"),
        text='Bonjour, ma commande FR-4471 n\'est pas arrivée & je pars demain. Coût < 50 € ou >"60" ?',
    ),
    files=Contact(
        sample=Sample(file="x/dm_photo.json", put={"https://ton.example": "{files}"}),
        kind="media",
        text="Voici",
        files=("/1.1/ton/data/dm/a/b/c.jpg",),
    ),
    answered=Answered(
        to="222",
        told=(
            Told(sample=Sample(file="x/dm_echo.json", put={"2080765901528535012": "{sent}"}), states=("echo",)),
            Told(sample=Sample(file="x/dm_read.json", put={"2080765901528535013": "{sent}"}), states=("read",)),
        ),
    ),
)
_MENTIONED: Final = {'"111"': '"333"', '"id": 111': '"id": 333'}
"""An account of its own, as a token of X is good for one."""
_X_MENTIONS: Final = Case(
    name="x_mentions",
    connector="x_mentions",
    channel="x",
    handle=("x_user", "333:222", "verified"),
    first=Contact(
        sample=Sample(file="x/mention.json", put=_MENTIONED),
        kind="comment",
        text="@regiashop la poêle & son couvercle sont rayés 😡",
    ),
    files=Contact(
        sample=Sample(file="x/mention_photos.json", put={**_MENTIONED, "https://pbs.example": "{files}"}),
        kind="comment",
        text="@regiashop voyez",
        files=("/media/a.jpg", "/media/b.jpg"),
    ),
    answered=Answered(
        to="2080766000000000021",
        told=(
            Told(sample=Sample(file="x/post_echo.json", put={**_MENTIONED, "2080766000000000026": "{sent}"}), states=("echo",)),
        ),
    ),
    changes=(
        Contact(
            sample=Sample(
                file="x/post_deleted.json",
                put={'"user_id": "111"': '"user_id": "222"', **_MENTIONED, "2080765000000000200": "2080766000000000021"},
            ),
            kind="delete",
            refers_to="2080766000000000021",
        ),
    ),
)

_CHAT_SAAS: Final = Case(
    name="chat_saas",
    connector="chat_saas",
    channel="chat",
    handle=("chat_visitor", "ws_regia:vis_51c7", "claimed"),
    first=Contact(sample=Sample(file="webhooks/chat_saas/one_message.json"), text="Dzień dobry, gdzie jest moja paczka? 📦"),
    files=Contact(
        sample=Sample(file="webhooks/chat_saas/attachments.json", put={"https://files.example": "{files}"}),
        kind="media",
        files=("/u/1", "/u/2"),
    ),
    answered=Answered(
        to="vis_51c7",
        told=(Told(sample=Sample(file="webhooks/chat_saas/bot_only.json", put={"msg_0005": "{sent}"}), states=("echo",)),),
    ),
)
_STANDARD_WEBHOOKS: Final = Case(
    name="standard_webhooks",
    connector="standard_webhooks",
    channel="webhook",
    handle=("webhook_sender", "usr_8Zq", "claimed"),
    first=Contact(sample=Sample(file="standard_webhooks/message_created.json"), text="Hvor er min pakke? 📦"),
    files=Contact(
        sample=Sample(file="standard_webhooks/message_with_files.json", put={"https://files.example": "{files}"}),
        kind="media",
        text="Se billede",
        files=("/a/1.jpg", "/a/2"),
    ),
    changes=(
        Contact(
            sample=Sample(file="standard_webhooks/message_updated.json"),
            kind="edit",
            text="Hvor er min pakke fra mandag?",
            refers_to="m_1001",
        ),
        Contact(sample=Sample(file="standard_webhooks/message_deleted.json"), kind="delete", refers_to="m_1001"),
    ),
)

CASES: Final[tuple[Case, ...]] = (
    *META,
    _telegram("telegram", "7000000001"),
    _telegram("telegram_polling", "7000000002"),
    _LINE,
    _VIBER,
    _WECHAT,
    _WECHAT_SAFE,
    _X,
    _X_MENTIONS,
    *PHONE,
    _CHAT_SAAS,
    _STANDARD_WEBHOOKS,
)
