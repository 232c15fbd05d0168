"""Tells within a microsecond or two that a text holds nothing to redact, as nearly all texts do.

One pass over the text in lower case finds every word that begins something to redact (Aho and Corasick,
1975). The patterns then look at what has such a word, and would find nothing in the rest. The search reads
bytes, since turning positions into those of characters would cost more than the search itself.

The search is three times as fast with at most 64 words, none shorter than 4 bytes. So there is a second pass,
over texts with bodies or with an underscore only.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from eks_log_forwarder.redaction.arguments import TOOLS
from eks_log_forwarder.redaction.credentials import OTHER_NAMES, OTHER_TOKENS
from eks_log_forwarder.redaction.fragments import is_fragment
from eks_log_forwarder.redaction.private_keys import BASE64_NEEDLES
from eks_log_forwarder.redaction.secret_names import SECRET_PARTS
from eks_log_forwarder.redaction.urls import password_spans

type _Match = tuple[int, int, int]
"""A word's index, and where it starts and ends."""
type _Search = Callable[[bytes], list[_Match]]
_WHITE_SPACE = b" \t\n\r"
_PART = 32_768  # the search gives all matches at once, so a long text is searched in parts

# Characters of names, before what: in JSON, a header, a query or YAML, and these percent-encoded.
_BEFORE_A_VALUE = ('"', "\\", ":", "=", "%", " ")
_BEFORE_A_TOKEN = ('"', ":", "=", " ", "'")

_ALWAYS, _NAME, _SECRET, _ARRAY, _PATCH, _BODY = range(6)
"""What decides about a word that is found: nothing, what is behind it, or what else there is."""

# Each is a part of what it stands for whose first four bytes are rare in audit events: that decides how fast
# the search is. A test checks that each name and token of credentials.py has its word.
_FIRST = {
    **dict.fromkeys(("s-aws-v1", "earer", "client-key-d", "amz-s", "tpheaders"), _ALWAYS),
    "patch.webhook.admission": _ALWAYS,
    # not authorization.k8s.io, in every event
    **{f"ization{behind}": _ALWAYS for behind in _BEFORE_A_VALUE},
    **{f"private{space}": _ALWAYS for space in (" k", "\tk", "+k", "%2")},
    **dict.fromkeys(("%3a%2f%2f", "%253a%252f"), _ALWAYS),
    **dict.fromkeys(("password", "passwd", "passphrase", "token", "clientsecret", "client-secret"), _NAME),
    **dict.fromkeys(
        ("secretaccesskey", "secret-access-key", "daccesskey", "ntkey", "pikey", "pi-key"), _NAME
    ),
    **dict.fromkeys(("glpat-", "xoxb-", "xoxp-", "xapp-", "hooks.slack.com/"), _ALWAYS),
    **dict.fromkeys(("aiza", "ya29.", "gocspx-", "hvs.", "secret-key-1"), _ALWAYS),
    **{needle.lower(): _ALWAYS for needle in BASE64_NEEDLES},
    '"secret': _SECRET,
    **{f"{name}{behind}": _ARRAY for name in ("env", "args", "command") for behind in ('"', "\\")},
    'tobject"': _PATCH,
    "tobject\\": _ALWAYS,
    'eobject"': _BODY,
}
_SECOND = {
    **{f"pwd{behind}": _ALWAYS for behind in ('"', "\\", ":", "=", " ")},
    **dict.fromkeys(('"auth"', '"auth\\'), _ALWAYS),
    **{name: _NAME for name in OTHER_NAMES if name not in {"pwd", "auth"}},
    **{f"{behind}sg.": _ALWAYS for behind in _BEFORE_A_TOKEN},
    **{start.lower(): _ALWAYS for start in OTHER_TOKENS if start != "SG." and not start.startswith("eyJ")},
}


def _search_for(words: Iterable[str]) -> _Search:
    """MatchKind.LeftmostFirst is three times as fast as the other kinds."""
    patterns = [word.encode() for word in words]
    return BytesAhoCorasick(patterns, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes


_LONGEST_WORD = max(map(len, (*_FIRST, *_SECOND)))
_search_first, _search_second = _search_for(_FIRST), _search_for(_SECOND)
_search_env, _search_command = _search_for(SECRET_PARTS), _search_for((*SECRET_PARTS, *TOOLS))
_first_decides, _second_decides = (*_FIRST.values(),), (*_SECOND.values(),)

# Go writes &, < and > as escapes, and no other character that could be part of a word or token.
_NEEDLESS_ESCAPE = re.compile(r"\\[u/](?!00(?:26|3[CEce]))")
_SECRET_STRING = re.compile(rb'(?:list|s)?+(?:"(?!\s*+:)|\\)')  # not a key, as of each volume
_NOT_BEFORE_A_STRING = frozenset({b'",', b'"}', b'"]'})
_SPACES = frozenset({b" ", b"\t"})
_SEPARATORS = frozenset({b'"', b"\\", b":", b"=", b"%"})
_ARRAY_START, _OBJECT_START = b":[", b":{"
_EXEC_COMMAND, _EXEC = b'"requestobject":{"command"', b'"subresource":"exec"'


def is_suspicious(text: str) -> bool:
    """Whether the patterns have to look at a text; False means that they would find nothing."""
    if (
        ("\\" in text and _NEEDLESS_ESCAPE.search(text))
        or ("J" in text and "eyJ" in text)
        or ("@" in text and password_spans(text, len(text)))
        or (text[:1] != "{" and is_fragment(text))
    ):
        return True
    try:
        data = text.encode().lower()
    except UnicodeEncodeError:  # half a surrogate pair
        data = text.encode("utf-8", "surrogatepass").lower()
    matches = _search_first(data) if len(data) <= _PART else _in_parts(_search_first, data)
    has_body = False
    if matches:
        is_found, has_body = _decide(data, matches)
        if is_found:
            return True
    if not has_body and "_" not in text:
        return False
    matches = _search_second(data) if len(data) <= _PART else _in_parts(_search_second, data)
    return any(_second_decides[word] != _NAME or _is_before_a_value(data, end) for word, _, end in matches)


def _in_parts(search: _Search, data: bytes) -> Iterator[_Match]:
    """The matches in a long text; one that lies in two parts comes twice."""
    for start in range(0, len(data), _PART):
        for word, first, end in search(data[start : start + _PART + _LONGEST_WORD]):
            yield word, start + first, start + end


def _decide(data: bytes, matches: Iterable[_Match]) -> tuple[bool, bool]:
    """Whether a match is suspicious where it stands, and whether the text has a body."""
    has_body = about_secrets = False
    harmless: set[bytes] = set()
    for word, _, end in matches:
        what = _first_decides[word]
        if what == _NAME:
            found = _is_before_a_value(data, end)
        elif what == _ARRAY:
            found = not _is_harmless_array(data, end, harmless)
        elif what == _SECRET:
            about_secrets = about_secrets or _SECRET_STRING.match(data, end) is not None
            continue
        elif what == _ALWAYS:
            return True, has_body
        else:
            has_body = True
            found = what == _PATCH and not _is_before_no_array(data, end)
        if found:
            return True, has_body
    if about_secrets:
        about_secrets = has_body or (b'"auditid"' not in data and b'"objectref"' not in data)
    return about_secrets, has_body


def _is_before_a_value(data: bytes, end: int) -> bool:
    """A name before its value; not a word of prose, a value itself or before an object: `"token":{`."""
    behind = data[end : end + 3]
    if behind[:1] in _SPACES:
        return behind.lstrip()[:1] in {b"", b"=", b":"}
    return behind[:1] in _SEPARATORS and behind[:2] not in _NOT_BEFORE_A_STRING and behind != b'":{'


def _is_before_no_array(data: bytes, end: int) -> bool:
    """A key before a value that is no array, without white space. A body that is an array is a JSON patch."""
    behind = data[end : end + 2]
    if behind == _OBJECT_START:
        return True
    return behind[:1] == b":" and behind[1:] not in {b"", b"["} and behind[1] not in _WHITE_SPACE


def _is_harmless_array(data: bytes, end: int, harmless: set[bytes]) -> bool:  # noqa: PLR0911  # one a case
    """An `env`, `args` or `command` that is not an array, or a plain array in which nothing looks secret.

    The response to a request repeats its object, so the bytes of each array are remembered.
    """
    is_env = data[end - 2] == _LAST_OF_ENV
    if data[end : end + 2] != _ARRAY_START:
        if data[end - 1] == _BACKSLASH:
            return False
        # a value "env", or a key of another type; white space is left to the patterns
        return data[end : end + 1] in {b",", b"}", b"]"} or _is_before_no_array(data, end)
    if not is_env and data.endswith(_EXEC_COMMAND, 0, end) and _EXEC in data:
        return True
    # A value may hold a bracket, and then another mark is before it. A quote in a string has a backslash.
    closing = data.find(b"]", end)
    mark = b'"}' if is_env else b'"'
    if (
        not data.endswith(mark, 0, closing)
        or data.find(b"[", end + 2, closing) >= 0
        or data.find(b"\\", end, closing) >= 0
    ):
        return data.startswith(b"]", end + 2)
    array = data[end:closing]
    if array in harmless:
        return True
    search = _search_env if is_env else _search_command
    if search(array) if len(array) <= _PART else any(_in_parts(search, array)):
        return False
    harmless.add(array)
    return True


_BACKSLASH, _LAST_OF_ENV = b"\\v"
