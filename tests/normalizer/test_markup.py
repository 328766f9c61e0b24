import time

import pytest

from normalizer.markup import html_to_text, sanitise_html


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>Uno</p><p>due <b>tre</b></p>", "Uno\n\ndue tre"),
        ("<div>Uno</div><div>due</div><div><br></div><div>tre</div>", "Uno\ndue\n\ntre"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("  molti\n   spazi <i> qui </i> e&nbsp;lì ", "molti spazi qui e lì"),
        ("par<b>o</b>la", "parola"),
        ("<ul><li>uno<li>due<ol><li>a<li>b</ol></ul>fine", "- uno\n- due\n1. a\n2. b\n\nfine"),
        ("<table><tr><td>Ordine</td><td>4711</td></tr><tr><td>Totale</td><td>89</td></tr></table>", "Ordine 4711\nTotale 89"),
        ('<a href="https://shop.example/r">reso</a>', "reso (https://shop.example/r)"),
        ('<a href="https://shop.example/r">shop.example/r</a>', "shop.example/r"),
        ('<a href="mailto:a@b.it">a@b.it</a> <a href="javascript:x()">y</a>', "a@b.it y"),
        ("<blockquote>vecchio<br>testo</blockquote>nuovo", "> vecchio\n> testo\n\nnuovo"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c"),
        ("<style>x{}</style><script>y()</script><title>t</title>testo<!-- c -->", "testo"),
        ('<div style="display:none">anteprima</div>testo', "testo"),
        (
            '<img src="cid:1"> <img src="x" alt="padella rotta"> <img src="https://t.example/p.gif" alt="">',
            "[image] [image: padella rotta]",
        ),
        ("1 < 2 &amp; &euro; &#128512;", "1 < 2 & € 😀"),
        ("", ""),
        ("<<<>>>", "<<<>>>"),
    ],
)
def test_html_to_text(html: str, expected: str) -> None:
    assert html_to_text(html) == expected


@pytest.mark.parametrize(
    ("html", "absent"),
    [
        ("<script>alert(1)</script>a", "script"),
        ('<img src=x onerror="alert(1)">', "onerror"),
        ('<a href="javascript:alert(1)">a</a>', "javascript"),
        ('<iframe src="https://x"></iframe>', "iframe"),
        ("<form action=https://x><input></form>", "form"),
        ("<style>body{}</style>", "body"),
        ('<p style="background:url(https://x)">a</p>', "url("),
        ('<img src="data:text/html;base64,AAAA">', "data:"),
        ("<svg><script>alert(1)</script></svg>", "alert"),
        ('<a href="//evil.example/x">a</a>', "evil"),
        ('<a href="/desk/logout">a</a>', "logout"),
        ('<a href="?x=1">a</a>', "x=1"),
        ('<q cite="javascript:alert(1)">a</q>', "javascript"),
        ('<blockquote cite="https://evil.example">a</blockquote>', "evil"),
        ('<div style="display:none">secret</div>seen', "secret"),
        ('<p>seen<span style="color:red; DISPLAY : none">secret<b>x</b></span></p>', "secret"),
        ('<div style="display&#58;none">secret</div>seen', "secret"),
        ('<div style="display:none">out<div style="display:none">secret</div></div>seen', "secret"),
    ],
)
def test_sanitised_html_holds_nothing_active(html: str, absent: str) -> None:
    safe = sanitise_html(html)
    assert safe is not None
    assert absent not in safe


def test_what_is_hidden_takes_nothing_else_with_it() -> None:
    page = '<p>one</p><div style="display:none">secret</div><table><tr><td>two</td></tr></table><img src="cid:a@b">'
    safe = sanitise_html(page) or ""
    assert all(piece in safe for piece in ("<p>one</p>", "<td>two</td>", "cid:a@b"))
    assert "secret" not in safe


def test_sanitised_html_keeps_what_is_read() -> None:
    page = '<p>Ciao <b>Anna</b><img src="cid:foto@1"><a href="https://shop.example">qui</a></p>'
    safe = sanitise_html(page) or ""
    assert all(piece in safe for piece in ("<b>Anna</b>", "cid:foto@1", 'href="https://shop.example"', "noopener"))


HOSTILE = {
    "open divs": "<div>" * 100_000,
    "open divs in blanks": "<div>" * 500 + " \t\n" * 300_000 + "x",
    "formatting copied into blocks": "".join(f"<b x={n}>" for n in range(300)) + "<p>x" * 100_000,
    "attributes": "<p " + "".join(f"a{n}=1 " for n in range(100_000)) + ">x",
    "comments": "<!--" * 200_000,
    "brackets": "<" * 900_000,
    "quotes": '<a x="' * 150_000,
    "links in links": "<a href=x>" * 390 + "testo" * 1000,
    "tables": "<table><tr><td>" * 30_000,
    "quoted lines": "<blockquote>" * 390 + "x<br>" * 100_000,
    "lists": "<ul><li>" * 390,
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_html_takes_bounded_time(html: str) -> None:
    started = time.perf_counter()
    html_to_text(html)
    sanitise_html(html)
    assert time.perf_counter() - started < 5


def test_html_that_only_loses_its_tags_loses_their_places_too() -> None:
    assert html_to_text("<div>" * 50_000 + "hi" + "</div>" * 50_000) == "hi"
    assert html_to_text("<div>" * 500 + "uno <b> due</b>\r\n <p> tre") == "uno due\ntre"
