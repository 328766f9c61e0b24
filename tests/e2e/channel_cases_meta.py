"""The rounds on Meta's channels: WhatsApp, Messenger and Instagram, and the comments of the latter two."""

from typing import Final

from tests.e2e.channel_case import Answered, Case, Contact, Told
from tests.e2e.channel_samples import Sample

_COMMENTED_PAGE: Final = {"109876543210987": "209876543210987"}
_COMMENTED_ACCOUNT: Final = {"17841400000000001": "27841400000000001"}
"""Other accounts of the same connectors, whose comments have queues of their own."""

_WHATSAPP: Final = Case(
    name="whatsapp",
    connector="whatsapp",
    channel="whatsapp",
    handle=("phone", "+393331234567", "verified"),
    first=Contact(sample=Sample(file="whatsapp/text.json"), text="Vorrei restituire la padella, è arrivata graffiata 🍳"),
    files=Contact(sample=Sample(file="whatsapp/image.json"), kind="media", text="Ecco il graffio", files=("2754859441498128",)),
    answered=Answered(
        to="393331234567",
        told=(
            Told(
                sample=Sample(file="whatsapp/statuses.json", put={"wamid.OUT1": "{sent}"}),
                states=("sent", "delivered", "read"),
            ),
            Told(sample=Sample(file="whatsapp/echoes.json", put={"wamid.ECH1": "{sent}"}), states=("echo",)),
        ),
        by_our_id=Told(
            sample=Sample(
                file="whatsapp/statuses.json", put={"wamid.OUT1": "{sent}", "reply-0001": "{token}", "wamid.OUT": "wamid.LATER"}
            ),
            states=("sent",),
        ),
    ),
    changes=(
        Contact(
            sample=Sample(file="whatsapp/edit.json", put={"wamid.HBgMORIG": "wamid.HBgMMzkzMzMxTXT1"}),
            kind="edit",
            text="Vorrei restituire due padelle",
            refers_to="wamid.HBgMMzkzMzMxTXT1",
        ),
        Contact(
            sample=Sample(file="whatsapp/revoke.json", put={"wamid.HBgMORIG": "wamid.HBgMMzkzMzMxTXT1"}),
            kind="delete",
            refers_to="wamid.HBgMMzkzMzMxTXT1",
        ),
    ),
)
_MESSENGER: Final = Case(
    name="messenger",
    connector="messenger",
    channel="messenger",
    handle=("messenger_user", "109876543210987:7246810121416182", "verified"),
    first=Contact(sample=Sample(file="messenger/text.json"), text="Where is my parcel?"),
    files=Contact(
        sample=Sample(file="messenger/image.json", put={"https://scontent.xx.fbcdn.net": "{files}"}),
        kind="media",
        files=("/v/t1.15752-9/470001_n.jpg",),
    ),
    answered=Answered(
        to="7246810121416182",
        told=(
            Told(sample=Sample(file="messenger/read.json"), states=()),
            Told(sample=Sample(file="messenger/delivered.json", put={"m_ourMessage-1": "{sent}"}), states=("delivered",)),
            Told(sample=Sample(file="messenger/echo.json", put={"m_Wq3kT0yUu8dHc2fZb19": "{sent}"}), states=("echo",)),
        ),
        by_our_id=Told(
            sample=Sample(
                file="messenger/echo.json",
                put={"m_Wq3kT0yUu8dHc2fZb19": "{sent}", '"metadata": "regia"': '"metadata": "{token}"'},
            ),
            states=("echo",),
        ),
    ),
    changes=(
        Contact(
            sample=Sample(file="messenger/edited.json"),
            kind="edit",
            text="Where is my parcel 4711?",
            refers_to="m_Wq3kT0yUu8dHc2fZb01",
        ),
        Contact(sample=Sample(file="messenger/deleted.json"), kind="delete", refers_to="m_Wq3kT0yUu8dHc2fZb01"),
    ),
)
_FACEBOOK_COMMENTS: Final = Case(
    name="facebook_comments",
    connector="messenger",
    channel="facebook_comments",
    handle=("facebook_user", "209876543210987:5432109876543210", "verified"),
    first=Contact(
        sample=Sample(file="facebook_comments/comment.json", put=_COMMENTED_PAGE), kind="comment", text="Is this available?"
    ),
    files=Contact(
        sample=Sample(
            file="facebook_comments/comment_photo.json",
            put={**_COMMENTED_PAGE, "https://scontent.xx.fbcdn.net": "{files}"},
        ),
        kind="comment",
        text="It came like this",
        files=("/v/t39/500_n.jpg",),
    ),
    answered=Answered(
        to="771000000000001_880001",
        told=(
            Told(
                sample=Sample(
                    file="facebook_comments/comment_by_page.json",
                    put={**_COMMENTED_PAGE, "771000000000001_880009": "{sent}"},
                ),
                states=("echo",),
            ),
        ),
    ),
    changes=(
        Contact(
            sample=Sample(file="facebook_comments/comment_edited.json", put=_COMMENTED_PAGE),
            kind="edit",
            text="Is this available in red?",
            refers_to="771000000000001_880001",
        ),
        Contact(
            sample=Sample(file="facebook_comments/comment_removed.json", put=_COMMENTED_PAGE),
            kind="delete",
            refers_to="771000000000001_880001",
        ),
    ),
)
_INSTAGRAM: Final = Case(
    name="instagram",
    connector="instagram",
    channel="instagram",
    handle=("instagram_user", "17841400000000001:1234567890123456", "verified"),
    first=Contact(sample=Sample(file="instagram/dm_text.json"), text="Ciao! Is the blue one available? 😍"),
    files=Contact(
        sample=Sample(file="instagram/dm_image.json", put={"https://lookaside.fbsbx.com": "{files}"}),
        kind="media",
        files=("/ig_messaging_cdn/",),
    ),
    answered=Answered(
        to="1234567890123456",
        told=(
            Told(
                sample=Sample(file="instagram/dm_echo.json", put={"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE12": "{sent}"}),
                states=("echo",),
            ),
            Told(
                sample=Sample(file="instagram/dm_read.json", put={"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE12": "{sent}"}),
                states=("read",),
            ),
        ),
    ),
    changes=(
        Contact(
            sample=Sample(file="instagram/dm_edited.json"),
            kind="edit",
            text="Ciao! Is the red one available?",
            refers_to="aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE01",
        ),
        Contact(
            sample=Sample(file="instagram/dm_deleted.json"), kind="delete", refers_to="aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlE01"
        ),
    ),
)
_INSTAGRAM_COMMENTS: Final = Case(
    name="instagram_comments",
    connector="instagram",
    channel="instagram_comments",
    handle=("instagram_user", "27841400000000001:1234567890123456", "verified"),
    first=Contact(
        sample=Sample(file="instagram/comment.json", put=_COMMENTED_ACCOUNT), kind="comment", text="Is this still available? 💙"
    ),
    answered=Answered(
        to="17900000000000001",
        told=(
            Told(
                sample=Sample(
                    file="instagram/comment_by_ourselves.json", put={**_COMMENTED_ACCOUNT, "17900000000000006": "{sent}"}
                ),
                states=("echo",),
            ),
        ),
    ),
)

META: Final = (_WHATSAPP, _MESSENGER, _FACEBOOK_COMMENTS, _INSTAGRAM, _INSTAGRAM_COMMENTS)
