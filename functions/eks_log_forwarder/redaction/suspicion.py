"""Tells within a microsecond or two that a text holds nothing to redact, as nearly all do.

One pass over the text finds every word that something to redact could begin with (Aho and Corasick, 1975).
What it lets through is looked at by the patterns; what it holds back they would not have found either. It
reads bytes, since turning positions into those of characters would cost more than the search itself.
"""

from ahocorasick_rs import BytesAhoCorasick, MatchKind

from eks_log_forwarder.redaction.private_keys import BASE64_BEGIN

# behind a name, what a value can follow after: JSON, a header, a query, YAML, and these percent-encoded
_BEFORE_A_VALUE = ('"', "\\", ":", "=", "%", " ", "\t", "\n", "\r")
_BEFORE_A_JSON_VALUE = ('":', '" ', '"\t', '"\n', '"\r', "\\", "=", ":", "%")

_SUSPICIOUS = (
    "eyJ",  # a JWT
    "k8s-aws-v1",
    "earer",
    *(f"uthorization{behind}" for behind in _BEFORE_A_VALUE),  # not authorization.k8s.io, in every event
    "X-Amz-S",
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
# Frequent, and harmless in most places: these take a second look at what stands behind them.
_ENV = 'env"'
_REQUEST_BODY = 'questObject"'

_WORDS = [word.encode() for word in (*_SUSPICIOUS, _ENV, _REQUEST_BODY)]
_ENV_INDEX = len(_SUSPICIOUS)
_REQUEST_BODY_INDEX = _ENV_INDEX + 1
_search = BytesAhoCorasick(_WORDS, matchkind=MatchKind.LeftmostFirst).find_matches_as_indexes

_search_array = BytesAhoCorasick(
    [b"password", b"passwd", b"secret", b"token", b"key", b"\\", b"["], matchkind=MatchKind.LeftmostFirst
).find_matches_as_indexes
_WHITE_SPACE = b" \t\n\r"


def is_suspicious(text: str) -> bool:
    """Whether the patterns have to look at a text; False means that they would find nothing."""
    data = text.encode("utf-8", "surrogatepass")
    harmless: list[bytes] = []
    for word, _, end in _search(data):
        if word == _ENV_INDEX:
            if not _is_harmless_env(data, end, harmless):
                return True
        elif word != _REQUEST_BODY_INDEX or not _is_before_an_object(data, end):
            return True
    return False


def _is_before_an_object(data: bytes, end: int) -> bool:
    """A body that is no JSON patch: those are arrays."""
    behind = data[end : end + 2]
    return behind[:1] == b":" and behind[1:] not in {b"", b"["} and behind[1] not in _WHITE_SPACE


def _is_harmless_env(data: bytes, end: int, harmless: list[bytes]) -> bool:
    """An `env` that is no array, or a plain one none of whose names or values looks secret.

    The answer to a request repeats its object, so an array that was looked at already is known by its bytes.
    """
    behind = data[end : end + 2]
    if behind != b":[":
        # a value "env", or a key of another type; white space is left to the patterns
        return behind[:1] in {b",", b"}", b"]"} or _is_before_an_object(data, end)
    # No string holds a quote without a backslash before it. So the first of these closing marks stands at the
    # array's end or behind it, unless there is a backslash or an array within.
    closing = data.find(b'"}]', end)
    if closing < 0:
        return False
    array = data[end + 2 : closing]
    if array in harmless:
        return True
    if _search_array(array.lower()):
        return False
    harmless.append(array)
    return True
