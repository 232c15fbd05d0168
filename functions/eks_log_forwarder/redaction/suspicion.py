"""Tells within a microsecond or two that a text holds nothing to redact, as nearly all texts do.

One pass over the text in lower case finds every word that begins something to redact (Aho and Corasick, 1975).
The patterns then look at what has such a word, and would find nothing in the rest. The search reads bytes,
since turning positions into those of characters would cost more than the search itself.

The search takes a third of the time as long as there are at most 64 words, none shorter than 4 bytes. So words
that only a text with bodies, or with an underscore, can have are searched in a second pass.
"""

import re
from collections.abc import Iterable

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from eks_log_forwarder.redaction.arguments import TOOLS
from eks_log_forwarder.redaction.credentials import BARE_TOKENS, OTHER_NAMES, OTHER_TOKENS
from eks_log_forwarder.redaction.fragments import is_fragment
from eks_log_forwarder.redaction.secret_names import SECRET_PARTS
from eks_log_forwarder.redaction.urls import password_spans

type _Match = tuple[int, int, int]
"""A word's index, and where it starts and ends."""
_WHITE_SPACE = b" \t\n\r"
_PART = 32_768  # the search gives all matches at once, so a long text is searched in parts

# Characters of names, before what: in JSON, a header, a query or YAML, and these percent-encoded.
_BEFORE_A_VALUE = ('"', "\\", ":", "=", "%", " ")
_BEFORE_A_TOKEN = ('"', "\\", ":", "=", " ", "'", "/")

_ALWAYS, _NAME, _SECRET, _ARRAY, _PATCH, _BODY = range(6)
"""What decides about a word that is found: nothing, what is behind it, or what else there is."""

_FIRST = {
    **dict.fromkeys(("k8s-aws-v1", "earer", "client-key-d", "amz-s", "patch.webhook.admission"), _ALWAYS),
    # not authorization.k8s.io, in every event
    **{f"zation{behind}": _ALWAYS for behind in _BEFORE_A_VALUE},
    **{f"private{space}": _ALWAYS for space in (" k", "\tk", "+k", "%2")},
    **dict.fromkeys(("token", "password", "passwd", "passphrase"), _NAME),
    **{f"{behind}sg.": _ALWAYS for behind in _BEFORE_A_TOKEN},
    **{token.lower(): _ALWAYS for token in BARE_TOKENS if token not in {"eyJ", "PRIVATE", "SG."}},
    '"secret': _SECRET,
    **{f"{name}{behind}": _ARRAY for name in ("env", "args", "command") for behind in ('"', "\\")},
    **{'questobject"': _PATCH, "questobject\\": _ALWAYS, "sponseobject": _BODY},
}
_SECOND = {
    **{f"{name}{behind}": _ALWAYS for name in ("pwd", "auth") for behind in _BEFORE_A_VALUE},
    **{name: _NAME for name in OTHER_NAMES if name not in {"pwd", "auth"}},
    **{token.lower(): _ALWAYS for token in OTHER_TOKENS if not token.startswith("eyJ")},
}


class _Search:
    """A search for words, with what decides about each."""

    def __init__(self, words: dict[str, int]) -> None:
        self.words = [word.encode() for word in words]
        self.decides = (*words.values(),)
        self._longest = max(map(len, self.words))
        self.whole = BytesAhoCorasick(self.words, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes

    def matches(self, data: bytes) -> Iterable[_Match]:
        """The matches; one that lies in two parts of a long text comes twice."""
        if len(data) <= _PART:
            return self.whole(data)
        return (
            (word, start + first, start + end)
            for start in range(0, len(data), _PART)
            for word, first, end in self.whole(data[start : start + _PART + self._longest])
        )


_first, _second = _Search(_FIRST), _Search(_SECOND)
_in_array = _Search(dict.fromkeys((*SECRET_PARTS, *TOOLS), _ALWAYS))

# Go writes &, < and > as escapes, and no other character that could be part of a word or token.
_NEEDLESS_ESCAPE = re.compile(r"\\[u/](?!00(?:26|3[CEce]))")
_SECRET_STRING = re.compile(rb'(?:list|s)?+(?:"(?!\s*+:)|\\)')  # not a key, as of each volume


def is_suspicious(text: str, *, about_secrets: bool = False) -> bool:
    """Whether the patterns have to look at a text; False means that they would find nothing."""
    if "\\" in text and _NEEDLESS_ESCAPE.search(text):
        return True
    if "J" in text and "eyJ" in text:
        return True
    if ("@" in text or "%" in text) and password_spans(text, len(text)):
        return True
    is_object = text[:1] == "{"
    if not is_object and is_fragment(text):
        return True
    try:
        data = text.encode().lower()
    except UnicodeEncodeError:  # half a surrogate pair
        data = text.encode("utf-8", "surrogatepass").lower()
    has_body = False
    harmless: set[bytes] = set()
    decides = _first.decides
    for word, _, end in _first.matches(data):
        what = decides[word]
        if what == _NAME:
            found = _is_before_a_value(data, end)
        elif what == _SECRET:
            about_secrets = about_secrets or _SECRET_STRING.match(data, end) is not None
            continue
        elif what == _ARRAY:
            found = not _is_harmless_array(data, end, harmless)
        elif what == _ALWAYS:
            return True
        else:
            has_body = True
            found = what == _PATCH and not _is_before_an_object(data, end)
        if found:
            return True
    if about_secrets and (has_body or b'"auditid"' not in data):
        return True
    if not has_body and is_object and "_" not in text:
        return False
    names = _second.decides
    return any(names[word] != _NAME or _is_before_a_value(data, end) for word, _, end in _second.matches(data))


def _is_before_a_value(data: bytes, end: int) -> bool:
    """A name before its value; not a value itself, nor before an object: `"path":"token"`, `"token":{`."""
    behind = data[end : end + 1]
    if behind == b'"':
        return data[end + 1 : end + 2] not in _NOT_BEFORE_A_STRING and data[end + 1 : end + 3] != b":{"
    return behind in _SEPARATORS


_NOT_BEFORE_A_STRING = frozenset({b",", b"}", b"]"})
_SEPARATORS = frozenset({b"\\", b":", b"=", b"%", b" ", b"\t"})


def _is_before_an_object(data: bytes, end: int) -> bool:
    """A body that is not a JSON patch: those are arrays."""
    behind = data[end : end + 2]
    return behind[:1] == b":" and behind[1:] not in {b"", b"["} and behind[1] not in _WHITE_SPACE


def _is_harmless_array(data: bytes, end: int, harmless: set[bytes]) -> bool:
    """An `env`, `args` or `command` that is not an array, or a plain array in which nothing looks secret.

    The response to a request repeats its object, so the bytes of each array are remembered.
    """
    behind = data[end : end + 2]
    if data[end - 1] == _BACKSLASH:
        return False
    if behind != b":[":
        # a value "env", or a key of another type; white space is left to the patterns
        return behind[:1] in {b",", b"}", b"]"} or _is_before_an_object(data, end)
    # Inside a string, a backslash precedes each quote. So the first of these closing marks is at the end of
    # the array or after it, unless the array has a backslash or another array in it.
    closing = data.find(b'"}]' if data[end - 2] == _LAST_OF_ENV else b'"]', end)
    if closing < 0:
        return False
    array = data[end + 2 : closing]
    if array in harmless:
        return True
    if b"\\" in array or b"[" in array or any(_in_array.matches(array)):
        return False
    harmless.add(array)
    return True


_BACKSLASH, _LAST_OF_ENV = b"\\v"
