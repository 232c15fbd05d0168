"""Finds secrets in a text that starts in the middle of JSON: the second part of an event that was split.

Such a part does not say that it is in an `env` or `args` array. So each pair of a name and a value counts,
and each string may be an argument. Where the start cuts off a name, its value is removed: it may be secret.
"""

import re

from eks_log_forwarder.redaction.arguments import argument_spans
from eks_log_forwarder.redaction.json_tree import WHITE_SPACE, quote_depth, string_end
from eks_log_forwarder.redaction.secret_names import is_evidence, says_secret
from eks_log_forwarder.redaction.spans import Span

_VALUE = re.compile(rf'(?P<quote>\\*+")value(?P=quote){WHITE_SPACE}:{WHITE_SPACE}(?P=quote)')
_AFTER = re.compile(
    rf'(?P<quote>\\*+"){WHITE_SPACE},{WHITE_SPACE}(?P=quote)name(?P=quote){WHITE_SPACE}:{WHITE_SPACE}'
    r'(?P=quote)(?P<name>[^"\\]*+)'
)
_ENTRY_END = re.compile(
    rf'"{WHITE_SPACE}\}}{WHITE_SPACE}(?:,{WHITE_SPACE}\{{{WHITE_SPACE}"(?:name|value)"|\])'
)
_STRING = re.compile(r'"(?P<content>(?:[^"\\]++|\\.)*+)(?:"(?P<colon>\s*+:)?)?', re.DOTALL)
_HEAD = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_LOG_LINE = re.compile(r"[IWEF]\d{4} |time=")
_LONGEST_NAME = 300
_BEHIND_A_STRING = frozenset(",:}]")


def is_fragment(text: str) -> bool:
    """Whether a text is JSON without its start; not a line of klog or logrus, which may hold JSON."""
    if text[:1] == "{" or '"' not in text or _LOG_LINE.match(text):
        return False
    return '":' in text or '",' in text


def fragment_spans(text: str, end: int) -> list[Span]:
    """The places of secrets in a fragment that ends, or was cut, at `end`."""
    spans = _pairs(text, end)
    head = _HEAD.match(text, 0, end)
    first = head.end() if head else 0
    is_inside = text[first - 1] not in ",:{[" if first else text[1:2] in _BEHIND_A_STRING
    if is_inside and _ENTRY_END.match(text, first, end) and not is_evidence(text[:first]):
        spans.append((0, first))
    strings = [(0, first)] if is_inside else []
    found = _STRING.finditer(text, first + is_inside, end)
    strings += [string.span("content") for string in found if string["colon"] is None]
    return spans + argument_spans(text, strings)


def _pairs(text: str, end: int) -> list[Span]:
    spans: list[Span] = []
    position = 0
    while (position := text.find("value", position, end)) >= 0:
        start = position - 1
        while start > 0 and text[start - 1] == "\\":
            start -= 1
        opening = _VALUE.match(text, max(start, 0), end)
        depth = quote_depth(len(opening["quote"]) - 1) if opening else None
        if opening is None or depth is None:
            position += len("value")
            continue
        stop = string_end(text, opening.end(), end, depth)
        name = _name_of(text, opening, stop, end)
        is_secret = name is None or says_secret(name)
        if is_secret and not is_evidence(text[opening.end() : stop], name or ""):
            spans.append((opening.end(), stop))
        position = stop
    return spans


def _name_of(text: str, value: re.Match[str], stop: int, end: int) -> str | None:
    """The name beside a value; "" where there is none, None where the start of the text cuts it off."""
    after = _AFTER.match(text, stop, end)
    if after:
        return after["name"]
    first = max(0, value.start() - _LONGEST_NAME)
    comma = text.rfind(",", first, value.start())
    behind = comma
    quote = value["quote"]
    while behind > first and text[behind - 1].isspace():
        behind -= 1
    if comma < 0 or not text.startswith(quote, behind - len(quote)):
        return None if text.find("{", 0, value.start()) < 0 else ""
    name_end = behind - len(quote)
    name_start = text.rfind(quote, first, name_end)
    return None if name_start < 0 else text[name_start + len(quote) : name_end]
