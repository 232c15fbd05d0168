"""Finds the value of a name, as JSON (`"name":"value"`), a header, a URL, INI or YAML writes it."""

import re
from collections.abc import Callable
from typing import NamedTuple, Self

from eks_log_forwarder.redaction.json_tree import WHITE_SPACE, quote_depth, string_end
from eks_log_forwarder.redaction.spans import Span
from eks_log_forwarder.redaction.url_forms import COLON, EQUALS, SPACE, TOKEN, WORD

_SCHEME = r"(?i:Bearer|Basic|Digest|Negotiate|Token|ApiKey|AWS4-HMAC-SHA256)"
_CREDENTIALS = (  # RFC 9110, section 11.4: scheme and credentials, or parameters
    rf"(?:{_SCHEME}{SPACE}++{TOKEN}++(?:[,;]{SPACE}*+{TOKEN}++)*+|(?!{WORD}){TOKEN}++)"
)
_OPENING = r"(?:\\*+\")?+(?!\[{1,2}REDACTED:)\[?+"  # Go prints lists of header values in brackets
_NEXT_IN_LIST = re.compile(rf'(?P<quote>\\*+"){WHITE_SPACE},{WHITE_SPACE}(?P=quote)')
_HEADER = rf"{SPACE}*+(?:{EQUALS}|{COLON}){SPACE}*+{_OPENING}(?P<value>{_CREDENTIALS})"
_QUERY = rf"(?:{EQUALS}|{COLON}{SPACE}*+(?!{WORD}))(?:\\*+\")?+(?P<value>{TOKEN}++)"
# Not percent-encoded: the commands of exec are, and they stay. A comma is part of it unless `name=` follows.
_SETTING = (
    r"[ \t]*+(?:=[ \t]*+|:(?P<space>[ \t]*+))(?:'(?P<single>[^'\\]++)|(?:\\*+\")?+"
    r"(?P<value>(?:[^\s\"'\\&;<>|,:\[\]{}()]|[$]\()(?:[^\s\"'\\&;<>|,\]}]|,(?![\w.-]*+=))*+))"
)
_PROSE = re.compile(WORD)
_LINE_START = re.compile(r"""(?:\A|[\n{,"]|\\[nrt])[\s-]*+[\w.-]{0,40}\Z""")
_LONGEST_START = 64
_QUOTES = frozenset('"\\')


class NamedValue(NamedTuple):
    """How to find the values of one name: parts of the name to search for, and what may follow it."""

    needles: tuple[str, ...]
    """In lower case; letter case never matters."""
    quoted: re.Pattern[str]
    plain: re.Pattern[str]
    is_secret: Callable[[str], bool] | None
    """Decides about a value; None where each is secret."""
    has_rest: bool
    """A needle is only the beginning of the name."""

    @classmethod
    def query(cls, *needles: str, rest: str = "", before: str = "") -> Self:
        """A field or parameter: a needle and a pattern for the rest of the name; `before` asserts."""
        return cls._of(needles, rest, before, _QUERY)

    @classmethod
    def header(cls, *needles: str) -> Self:
        """An HTTP header with a scheme before its value; core/v1 HTTPHeader is `{"name": …, "value": …}`."""
        space = WHITE_SPACE
        pair = rf"|,{space}(?P=quote)value(?P=quote){space}:{space}"
        return cls._of(needles, "", "", _HEADER, pair=pair)

    @classmethod
    def setting(cls, *needles: str, is_secret: Callable[[str], bool], before: str = "") -> Self:
        """A setting in JSON, INI, YAML or a connection string, with any characters in its value."""
        return cls._of(needles, "", before, _SETTING, is_secret=is_secret)

    @classmethod
    def _of(  # noqa: PLR0913  # for the three above only
        cls,
        needles: tuple[str, ...],
        rest: str,
        before: str,
        value: str,
        *,
        pair: str = "",
        is_secret: Callable[[str], bool] | None = None,
    ) -> Self:
        name = rf"{before}(?i:{'|'.join(map(re.escape, needles))}){rest}"
        space = WHITE_SPACE
        quoted = rf'{name}(?P<quote>\\*+"){space}(?::{space}(?P<list>\[{space})?+{pair})(?P=quote)'
        return cls(needles, re.compile(quoted), re.compile(name + value), is_secret, bool(rest))

    def may_be_quoted(self, text: str, behind: int) -> bool:
        """Whether a quote may follow the name; with a rest, that is not known yet."""
        return self.has_rest or text[behind : behind + 1] in _QUOTES

    def spans(self, needle: str, texts: tuple[str, str], end: int) -> list[Span]:
        """The places of the values behind a needle. The texts are the text and the same in lower case."""
        text, lowered = texts
        spans: list[Span] = []
        position = 0
        while (position := lowered.find(needle, position, end)) >= 0:
            behind = position + len(needle)
            if text.startswith(".", behind):  # authorization.k8s.io, three times in each audit event
                position = behind
            elif self.may_be_quoted(text, behind) and (quoted := self.quoted.match(text, position, end)):
                strings = _strings(text, quoted, end)
                position = strings[-1][1]
                spans += strings
            elif plain := self.plain.match(text, position, end):
                position = plain.end()
                if self.is_secret is None or not _is_prose(plain, text):
                    spans.append(plain.span(plain.lastgroup or 0))
            else:
                position = behind
        if self.is_secret is None:
            return spans
        return [span for span in spans if self.is_secret(text[slice(*span)])]


def _is_prose(plain: re.Match[str], text: str) -> bool:
    """A word after a colon and a space, unless the name starts a line as in YAML."""
    if not plain["space"] or not _PROSE.match(text, plain.end("space")):
        return False
    start = plain.start()
    return _LINE_START.search(text[max(0, start - _LONGEST_START) : start]) is None


def _strings(text: str, opening: re.Match[str], end: int) -> list[Span]:
    """The string behind an opening quote, and the others where it is the first of a list."""
    quote = opening["quote"]
    depth = quote_depth(len(quote) - 1)
    start = opening.end()
    if depth is None:
        return [(start, start)]
    spans = [(start, string_end(text, start, end, depth))]
    while opening["list"] is not None:
        following = _NEXT_IN_LIST.match(text, spans[-1][1], end)
        if following is None or following["quote"] != quote:
            break
        spans.append((following.end(), string_end(text, following.end(), end, depth)))
    return spans
