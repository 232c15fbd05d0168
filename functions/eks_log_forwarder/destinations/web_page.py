"""Whether a body is a web page.

`Content-Type` does not decide, because a JSP that sets none sends `text/html` with everything, and proxies
send pages under any type.
"""

import re

# What may precede the first element: white space, a byte order mark, comments, an XML declaration, a doctype.
_PROLOGUE = re.compile(
    r"[\s\ufeff]+|<!--.*?-->|<\?.*?\?>|<!doctype(?!\s+html\b)[^>]*>", re.DOTALL | re.IGNORECASE
)
# Elements with which a page can begin (HTML Living Standard, also obsolete ones). Other elements are XML,
# which a collector may answer.
_ELEMENTS = (
    "a|abbr|acronym|address|applet|area|article|aside|audio|b|base|basefont|bdo|big|blink|blockquote|body|br|button|"
    "canvas|center|cite|code|dd|del|details|dfn|dialog|dir|div|dl|dt|em|embed|fieldset|figure|font|footer|form|frame|"
    "frameset|h[1-6]|head|header|hgroup|hr|html|i|iframe|image|img|input|ins|kbd|label|layer|legend|li|link|main|"
    "mark|marquee|menu|meta|nav|nobr|noframes|noscript|ol|p|picture|pre|q|s|samp|script|search|section|select|small|"
    "span|strike|strong|style|sub|summary|sup|svg|table|tbody|td|template|textarea|tfoot|th|thead|title|tr|tt|u|ul|"
    "var|video|wbr"
)
# A doctype of HTML, a comment that does not end in what was read, an element, or a custom element.
_PAGE = re.compile(
    r"<(?:!doctype\s|!--|/(?:body|head|html)>|"
    rf"(?:{_ELEMENTS})(?=[\s/>]|\Z)|[a-z][a-z0-9]*-[a-z0-9-]*(?=[\s/>]|\Z))",
    re.IGNORECASE,
)


def is_web_page(body: bytes) -> bool:
    """Whether a body begins as HTML, in UTF-8 or UTF-16, with or without `<html>`."""
    text = _text(body)
    start = 0
    while prologue := _PROLOGUE.match(text, start):
        start = prologue.end()
    return _PAGE.match(text, start) is not None


def _text(body: bytes) -> str:
    """The text of a body. Markup begins with ASCII, so a zero byte next to it means UTF-16."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    if body[:1] == b"\0":
        return body.decode("utf-16-be", "replace")
    if body[1:2] == b"\0":
        return body.decode("utf-16-le", "replace")
    return body.decode("utf-8", "replace")
