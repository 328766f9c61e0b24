"""The description of what customers read: FAQs and the state of their contacts."""

from typing import Any

from regia.http.described import answer, file, operation, parameter, plain, query


def paths() -> dict[str, Any]:
    """The addresses of FAQs and of the page of a contact's state."""
    faq, article = parameter("faq"), [parameter("faq"), parameter("id")]
    language = query("lang", "it or en; else by Accept-Language.")
    asked, counted = query("q", "What is searched."), query("view", "A UUID: counts one reading, the same one once.")
    allowed = {"204": {"description": "The headers say so."}}
    found = {"200": answer("The best first.", _found())}
    read = {"200": answer("JSON where that is accepted, else a page.", _article())}
    judged = {"200": answer("Counted.", _judged()), "303": {"description": "Back to the page, after a form's post."}}
    across = operation("Whether a script of another site may post (CORS).", allowed, parameters=article)
    search = [faq, asked, language, query("limit", "1 to 8.")]
    seen = {"204": {"description": "Counted."}}
    helped = operation('Whether it helped: {"helped": true, "view": "<UUID>"}.', judged, parameters=article)
    return {
        "/faq/{faq}": {"get": operation("All articles by category.", plain("The page."), parameters=[faq, asked, language])},
        "/faq/{faq}/search": {"get": operation("Articles that answer a question.", found, parameters=search)},
        "/faq/{faq}/articles/{id}": {"get": operation("An article.", read, parameters=[*article, language, counted])},
        "/faq/{faq}/articles/{id}/viewed": {
            "post": operation('Somebody looks at its page: {"view": "<UUID>"}.', seen, parameters=article),
            "options": across,
        },
        "/faq/{faq}/articles/{id}/helped": {"post": helped, "options": across},
        "/faq/{faq}/images/{name}": {"get": file("A picture of an article.", faq, parameter("name"))},
        "/faq/{faq}/theme.css": {"get": file("Its colours.", faq)},
        "/state/{token}": {
            "get": operation(
                "The page that shows what became of a contact.", plain("The page."), parameters=[parameter("token"), language]
            )
        },
    }


def form_receipt(receipt: dict[str, Any]) -> dict[str, Any]:
    """A receipt, with the link that a form's answer has besides."""
    state = {"type": "string", "format": "uri", "description": "The page that shows what becomes of it."}
    return receipt | {"properties": receipt["properties"] | {"state_url": state}}


def _found() -> dict[str, Any]:
    text = {"type": "string"}
    one = {"type": "object", "properties": dict.fromkeys(("id", "title", "summary", "language"), text)}
    return {"type": "object", "required": ["articles"], "properties": {"articles": {"type": "array", "items": one}}}


def _article() -> dict[str, Any]:
    text = {"type": "string"}
    html = text | {"description": "Clean: headings, lists, tables, links, pictures of ours."}
    return {"type": "object", "properties": {"id": text, "title": text, "html": html, "language": text}}


def _judged() -> dict[str, Any]:
    return {"type": "object", "properties": {"helped": {"type": "boolean"}}}
