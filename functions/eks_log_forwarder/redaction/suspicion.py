"""Tells within a microsecond or two that a text holds nothing to redact, as nearly all texts do.

One pass over the text finds every word that begins something to redact (Aho and Corasick, 1975). The patterns
then look at what has such a word, and would find nothing in the rest. The search reads bytes, since turning
positions into those of characters would cost more than the search itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from eks_log_forwarder.redaction.private_keys import BASE64_BEGIN

type _Match = tuple[int, int, int]
"""A word's index, and where it starts and ends."""

# What precedes a value after a name: in JSON, a header, a query or YAML, and these percent-encoded.
_BEFORE_A_VALUE = ('"', "\\", ":", "=", "%", " ", "\t", "\n", "\r")
_BEFORE_A_JSON_VALUE = ('":', '" ', '"\t', '"\n', '"\r', "\\", "=", ":", "%")

# First letters and order of the words decide how fast the search is (by half): measure a change.
_SUSPICIOUS = (
    "eyJ",  # a JWT
    "k8s-aws-v1",
    "PRIVATE",
    BASE64_BEGIN,
    "client-key-data",
    *(f"token{behind}" for behind in _BEFORE_A_JSON_VALUE),  # not "path":"token", in every projected volume
    '"Secret"',
    '"Secret\\',
    '"SecretList',
    '"secrets"',
    "env\\",
    "questObject\\",
    "patch.webhook.admission.k8s.io",
)
# Names of headers and schemes have no letter case (RFC 9110), so these are searched in small letters. Their
# first letters are rare, which makes the search fast.
_IN_ANY_CASE = (
    "bearer",
    "x-amz-s",
    # the end of authorization; not authorization.k8s.io, in every event
    *(f"zation{behind}" for behind in _BEFORE_A_VALUE),
)
# Frequent, and harmless in most places: what follows them decides.
_ENV = 'env"'
_REQUEST_BODY = 'questObject"'

_WORDS = [word.encode() for word in (*_SUSPICIOUS, _ENV, _REQUEST_BODY)]
_ENV_INDEX = len(_SUSPICIOUS)
_REQUEST_BODY_INDEX = _ENV_INDEX + 1
_search = BytesAhoCorasick(_WORDS, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes
_search_small = BytesAhoCorasick([word.encode() for word in _IN_ANY_CASE]).find_matches_as_indexes
_LONGEST_WORD = max(map(len, (*_WORDS, *_IN_ANY_CASE)))
# The search gives all matches at once, so a long text is searched in parts.
_PART = 32_768

_search_array = BytesAhoCorasick(
    [b"password", b"passwd", b"secret", b"token", b"key"], matchkind=MatchKind.LeftmostFirst
).find_matches_as_indexes
_WHITE_SPACE = b" \t\n\r"

# Go writes &, < and > as escapes, and no other character that could be part of a word or token.
_NEEDLESS_ESCAPE = re.compile(r"\\[u/](?!00(?:26|3[CEce]))")


def is_suspicious(text: str) -> bool:
    """Whether the patterns have to look at a text; False means that they would find nothing."""
    if "\\" in text and _NEEDLESS_ESCAPE.search(text):
        return True
    data = text.encode("utf-8", "surrogatepass")
    small = data.lower()
    is_long = len(data) > _PART  # most texts are short, and calls cost
    if any(_matches_in_parts(_search_small, small)) if is_long else _search_small(small):
        return True
    matches = _matches_in_parts(_search, data) if is_long else _search(data)
    if not matches:
        return False
    harmless: set[bytes] = set()
    for word, _, end in matches:
        if word == _ENV_INDEX:
            if not _is_harmless_env(data, end, harmless):
                return True
        elif word != _REQUEST_BODY_INDEX or not _is_before_an_object(data, end):
            return True
    return False


def _matches_in_parts(search: Callable[[bytes], Iterable[_Match]], data: bytes) -> Iterator[_Match]:
    """The matches in a long text; one that lies in two parts comes twice."""
    for start in range(0, len(data), _PART):
        for word, first, end in search(data[start : start + _PART + _LONGEST_WORD]):
            yield word, start + first, start + end


def _is_before_an_object(data: bytes, end: int) -> bool:
    """A body that is not a JSON patch: those are arrays."""
    behind = data[end : end + 2]
    return behind[:1] == b":" and behind[1:] not in {b"", b"["} and behind[1] not in _WHITE_SPACE


def _is_harmless_env(data: bytes, end: int, harmless: set[bytes]) -> bool:
    """An `env` that is not an array, or a plain array in which no name or value looks secret.

    The response to a request repeats its object, so the bytes of each array are remembered.
    """
    behind = data[end : end + 2]
    if behind != b":[":
        # a value "env", or a key of another type; white space is left to the patterns
        return behind[:1] in {b",", b"}", b"]"} or _is_before_an_object(data, end)
    # Inside a string, a backslash precedes each quote. So the first of these closing marks is at the end of
    # the array or after it, unless the array has a backslash or another array in it.
    closing = data.find(b'"}]', end)
    if closing < 0:
        return False
    array = data[end + 2 : closing]
    if array in harmless:
        return True
    if b"[" in array or b"\\" in array or any(_matches_in_parts(_search_array, array.lower())):
        return False
    harmless.add(array)
    return True
