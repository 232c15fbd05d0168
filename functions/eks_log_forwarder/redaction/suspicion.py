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
from eks_log_forwarder.redaction.fragments import is_fragment
from eks_log_forwarder.redaction.secret_names import SECRET_PARTS
from eks_log_forwarder.redaction.suspicious_words import ALWAYS, ARRAY, FIRST, NAME, PATCH, SECOND, SECRET
from eks_log_forwarder.redaction.urls import password_spans

type _Match = tuple[int, int, int]
"""A word's index, and where it starts and ends."""
type _Search = Callable[[bytes], list[_Match]]
_WHITE_SPACE = b" \t\n\r"
_PART = 32_768  # the search gives all matches at once, so a long text is searched in parts


def _search_for(words: Iterable[str]) -> _Search:
    """MatchKind.LeftmostFirst is three times as fast as the other kinds."""
    patterns = [word.encode() for word in words]
    return BytesAhoCorasick(patterns, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes


_LONGEST_WORD = max(map(len, (*FIRST, *SECOND)))
_search_first, _search_second = _search_for(FIRST), _search_for(SECOND)
_search_env, _search_command = _search_for(SECRET_PARTS), _search_for((*SECRET_PARTS, *TOOLS))
_first_decides, _second_decides = (*FIRST.values(),), (*SECOND.values(),)

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
    for word, _, end in _search_second(data) if len(data) <= _PART else _in_parts(_search_second, data):
        if _second_decides[word] != NAME or _is_before_a_value(data, end):
            return True
    return False


def _in_parts(search: _Search, data: bytes) -> Iterator[_Match]:
    """The matches in a long text; one that lies in two parts comes twice."""
    for start in range(0, len(data), _PART):
        for word, first, end in search(data[start : start + _PART + _LONGEST_WORD]):
            yield word, start + first, start + end


def _decide(data: bytes, matches: Iterable[_Match]) -> tuple[bool, bool]:
    """Whether a match is suspicious where it stands, and whether the text has a body."""
    has_body = about_secrets = False
    harmless: list[bytes] = []
    repeated = 0
    for word, _, end in matches:
        what = _first_decides[word]
        if what == ARRAY:
            if repeated < len(harmless) and data.startswith(harmless[repeated], end):
                repeated += 1
                continue
            found = not _is_harmless_array(data, end, harmless)
        elif what == NAME:
            found = _is_before_a_value(data, end)
        elif what == SECRET:
            about_secrets = about_secrets or _SECRET_STRING.match(data, end) is not None
            continue
        elif what == ALWAYS:
            return True, has_body
        else:
            has_body = True
            repeated = 0  # the response to a request repeats its object
            found = what == PATCH and not _is_before_no_array(data, end)
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


def _is_harmless_array(data: bytes, end: int, harmless: list[bytes]) -> bool:
    """An `env`, `args` or `command` that is not an array, or a plain array in which nothing looks secret.

    Such an array is added to `harmless`, from its colon to its last bracket.
    """
    is_env = data[end - 2] == _LAST_OF_ENV
    if not data.startswith(_ARRAY_START, end):
        if data[end - 1] == _BACKSLASH:
            return False
        # a value "env", or a key of another type; white space is left to the patterns
        return data[end : end + 1] in {b",", b"}", b"]"} or _is_before_no_array(data, end)
    if not is_env and data.endswith(_EXEC_COMMAND, 0, end) and _EXEC in data:
        return True
    # A value may hold a bracket, and then another mark is before it. A quote in a string has a backslash.
    array = data[end : data.find(b"]", end) + 1]  # empty without a closing bracket
    if (
        not array.endswith(b'"}]' if is_env else b'"]')
        or array.rfind(b"[") != 1
        or array.find(b"\\") >= 0  # ten times as fast as `in`, which bytes take for a number first
    ):
        return array == b":[]"
    search = _search_env if is_env else _search_command
    if search(array) if len(array) <= _PART else any(_in_parts(search, array)):
        return False
    harmless.append(array)
    return True


_BACKSLASH, _LAST_OF_ENV = b"\\v"
