"""Finds credentials by their form, in any text: JSON, JSON in a string, URLs, headers, cut text.

Each pattern is possessive, and the search continues after what a pattern has read, so time is linear. Names
of headers and schemes have no letter case (RFC 9110), so they are searched in the text's small letters.
"""

import re

from ahocorasick_rs import BytesAhoCorasick

from eks_log_forwarder.redaction.named_values import NamedValue
from eks_log_forwarder.redaction.private_keys import BASE64_BEGIN, base64_pem_spans, pem_spans
from eks_log_forwarder.redaction.spans import Span
from eks_log_forwarder.redaction.url_forms import DOT, SEGMENT, SPACE, TOKEN, WORD

_JOSE = "hbGci|0eXAi|raWQi|lbmMi|jdHki|4NX|6aXAi|qa3Ui|qd2si"  # alg typ kid enc cty x5… zip jku jwk
_JWT = re.compile(  # RFC 7519; its dots tell it from the API server's own continue tokens, which stay
    rf"eyJ(?P<jose>{_JOSE})?+"
    rf"{SEGMENT}*+(?:(?P<parts>(?:{DOT}{{1,2}}+{SEGMENT}++){{1,4}}+)|{DOT}?+(?P<cut>\Z))?+"
)
_INSIDE_ESCAPE = re.compile(r"\\u[0-9A-Fa-f]{3}")  # the e of eyJ may be the end of \u00ee
_EKS_TOKEN = re.compile(rf"k8s-aws-v1{DOT}(?P<secret>{SEGMENT}++=*+)")
_BEARER = re.compile(  # RFC 6750, and the WebSocket subprotocol of Kubernetes; not "bearer token" in prose
    rf"(?i:bearer)(?:{SPACE}++|\.authorization\.k8s\.io\.)(?P<secret>(?!{WORD}){TOKEN}++)"
)
_AUTHORIZATION = NamedValue.of("authorization", any_case=True, http_header=True)
_AMZ_QUERY = NamedValue.of("x-amz-s", rest="(?:ignature|ecurity-token)", any_case=True)
_BEARER_TOKEN = NamedValue.of("bearer", rest="(?:[-_]?token)?", any_case=True)
_CLIENT_KEY = NamedValue.of("client-key-data")
_TOKEN = (
    NamedValue.of(  # of TokenReview, kubeconfig, OAuth 2.0 (access_token), query parameters; not nextToken
        "token", before=r"""(?:(?<=["_?&])|(?<=%26)|(?<=%3[Ff]))"""
    )
)

_ALWAYS = (_BEARER_TOKEN, _AUTHORIZATION, _AMZ_QUERY)
_NAMED_VALUES = (*_ALWAYS, _CLIENT_KEY, _TOKEN)
# None ends with the beginning of another (as PRIVATE does), so the search misses none that is in the text.
_NEEDLES = ("eyJ", BASE64_BEGIN, "PRIVAT", "k8s-aws-v1")
_LONGEST = max(map(len, _NEEDLES))
_PART = 32_768  # the search gives all matches at once
_search = BytesAhoCorasick([needle.encode() for needle in _NEEDLES]).find_matches_as_indexes


def credential_spans(text: str, end: int, *, is_bare: bool) -> list[Span]:
    """The places of credentials in a text that ends, or was cut, at `end`.

    A bare text is an audit event without body and query, most of all there are: no room for a named field.
    """
    spans: list[Span] = []
    data = text.encode("utf-8", "surrogatepass")
    # Only ASCII letters: str.lower() would move what is behind some other letters.
    small = data.lower().decode("utf-8", "surrogatepass")
    names = _names_in(data)
    if "eyJ" in names:
        spans += _json_web_tokens(text, end)
    if BASE64_BEGIN in names:
        spans += base64_pem_spans(text, end)
    if "PRIVAT" in names:
        spans += pem_spans(text, end)
    if "k8s-aws-v1" in names:
        spans += _secrets("k8s-aws-v1", _EKS_TOKEN, text, text, end)
    spans += _secrets(_BEARER_TOKEN.needle, _BEARER, text, small, end)
    for value in _ALWAYS if is_bare else _NAMED_VALUES:
        spans += value.spans(text, small, end)
    return spans


def _names_in(data: bytes) -> set[str]:
    """Which of the needles are in a text; one pass costs less than a search for each."""
    found: set[int] = set()
    for start in range(0, len(data), _PART):
        found.update([word for word, _, _ in _search(data[start : start + _PART + _LONGEST])])
    return {_NEEDLES[word] for word in found}


def _json_web_tokens(text: str, end: int) -> list[Span]:
    spans: list[Span] = []
    position = 0
    while (position := text.find("eyJ", position, end)) >= 0:
        token = _JWT.match(text, position, end)
        if token is None:
            position += len("eyJ")
            continue
        is_token = token["parts"] is not None or (token["jose"] is not None and token["cut"] is not None)
        if is_token and not _INSIDE_ESCAPE.fullmatch(text, max(0, position - 5), position):
            spans.append(token.span())
        position = token.end()
    return spans


def _secrets(needle: str, pattern: re.Pattern[str], text: str, searched: str, end: int) -> list[Span]:
    spans: list[Span] = []
    position = 0
    while (position := searched.find(needle, position, end)) >= 0:
        match = pattern.match(text, position, end)
        if match:
            spans.append(match.span("secret"))
        position = match.end() if match else position + len(needle)
    return spans
