"""Finds credentials by their form, in any text: JSON, JSON in a string, URLs, headers, cut text.

Each pattern is possessive, and the search continues after what a pattern has read, so time is linear. Names
of headers and schemes have no letter case (RFC 9110): they are searched in the text in lower case.
"""

import re
from base64 import b64decode

from ahocorasick_rs import BytesAhoCorasick

from eks_log_forwarder.redaction.named_values import NamedValue
from eks_log_forwarder.redaction.private_keys import BASE64_NEEDLES, base64_pem_spans, pem_spans
from eks_log_forwarder.redaction.secret_names import is_evidence
from eks_log_forwarder.redaction.spans import Span
from eks_log_forwarder.redaction.url_forms import DOT, SEGMENT, SPACE, TOKEN, WORD
from eks_log_forwarder.redaction.urls import password_spans
from eks_log_forwarder.redaction.vendor_tokens import VENDOR_TOKENS

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


def _is_password(value: str) -> bool:
    return not is_evidence(value, "password")


def _is_docker_auth(value: str) -> bool:
    """Base64 of `user:password`."""
    try:
        return b":" in b64decode(value[: len(value) // 4 * 4])
    except ValueError:
        return False


_NAMED_VALUES = (
    NamedValue.query("bearer", rest="(?:[-_]?(?i:Token))?"),
    NamedValue.header("authorization"),
    NamedValue.query("x-amz-s", rest="(?i:ignature|ecurity-Token)"),
    NamedValue.query("client-key-data"),
    NamedValue.query(  # of TokenReview, kubeconfig, OAuth 2.0, Docker, query parameters; not nextToken
        "token",
        before=r"""(?:(?<=["_?&])|(?<=%26)|(?<=%3[Ff])"""
        r"""|(?<=access)|(?<=refresh)|(?<=session)|(?<=auth)|(?<=api)|(?<=identity)|(?<=registry))""",
    ),
    NamedValue.setting("password", "passwd", "passphrase", "pwd", is_secret=_is_password),
    NamedValue.setting(
        *("secret_access_key", "secretaccesskey", "secret-access-key", "secret_key", "client_secret"),
        *("clientsecret", "client-secret", "api_key", "apikey", "api-key", "accountkey", "sharedaccesskey"),
        is_secret=_is_password,
    ),
    NamedValue.setting(".dockerconfigjson", ".dockercfg", is_secret=_is_password),
    NamedValue.setting("auth", before='(?<=")', is_secret=_is_docker_auth),
)
NAMES = tuple(needle for value in _NAMED_VALUES for needle in value.needles)
"""In lower case, as the quick look has to find them before a value."""

# What is looked for in a bare text too, so that one search finds them all (suspicion.py).
BARE_NAMES = (
    *("bearer", "authorization", "x-amz-s", "client-key-data", "token", "password", "passwd", "passphrase"),
    *(
        "secretaccesskey",
        "secret-access-key",
        "clientsecret",
        "client-secret",
        "apikey",
        "api-key",
        "accountkey",
    ),
    "sharedaccesskey",
)
_PEM = "PRIVATE"
BARE_TOKENS = (
    *("eyJ", "k8s-aws-v1", _PEM, *BASE64_NEEDLES, "glpat-", "xoxb-", "xoxp-", "xapp-", "hooks.slack.com/"),
    *("AIza", "ya29.", "GOCSPX-", "hvs.", "AGE-SECRET-KEY-1"),
)
_VENDORS = {beginning: kind.pattern for kind in VENDOR_TOKENS for beginning in kind.beginnings}
OTHER_NAMES = tuple({needle for value in _NAMED_VALUES for needle in value.needles} - {*BARE_NAMES})
OTHER_TOKENS = tuple({*_VENDORS} - {*BARE_TOKENS})

_BARE = frozenset({*BARE_NAMES, *BARE_TOKENS})
_PART = 32_768  # the search gives all matches at once


def is_bare(text: str) -> bool:
    """A text without bodies and without an underscore, as most are."""
    return "_" not in text and "questObject" not in text and "sponseObject" not in text


def credential_spans(text: str, end: int) -> list[Span]:
    """The places of credentials in a text that ends, or was cut, at `end`."""
    data = text.encode("utf-8", "surrogatepass")
    lowered = data.lower()
    found = {*_TOKENS.found(data), *_NAMES.found(lowered)}
    if is_bare(text):
        found &= _BARE
    spans: list[Span] = []
    if "eyJ" in found:
        spans += _json_web_tokens(text, end)
    if found.intersection(BASE64_NEEDLES):
        spans += base64_pem_spans(text, end)
    if _PEM in found:
        spans += pem_spans(text, end)
    if "k8s-aws-v1" in found:
        spans += _secrets("k8s-aws-v1", _EKS_TOKEN, text, text, end)
    for beginning in found.intersection(_VENDORS):
        spans += _vendor_tokens(beginning, text, end)
    return [*spans, *_named_spans(text, end, found, lowered), *password_spans(text, end)]


def _named_spans(text: str, end: int, found: set[str], lowered: bytes) -> list[Span]:
    if found.isdisjoint(_NAMES.words):
        return []
    spans: list[Span] = []
    texts = text, lowered.decode("utf-8", "surrogatepass")
    if "bearer" in found:
        spans += _secrets("bearer", _BEARER, *texts, end)
    for value in _NAMED_VALUES:
        for needle in found.intersection(value.needles):
            spans += value.spans(needle, texts, end)
    return spans


class _Words:
    """Tells which words are in a text; one pass costs less than a search for each."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        self._longest = max(map(len, words))
        self._search = BytesAhoCorasick([word.encode() for word in words]).find_matches_as_indexes

    def found(self, data: bytes) -> set[str]:
        numbers: set[int] = set()
        for start in range(0, len(data), _PART):
            part = data[start : start + _PART + self._longest]
            numbers.update([word for word, _, _ in self._search(part, overlapping=True)])
        return {self.words[number] for number in numbers}


_TOKENS = _Words((*BARE_TOKENS, *OTHER_TOKENS))
_NAMES = _Words((*BARE_NAMES, *OTHER_NAMES))


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


def _vendor_tokens(beginning: str, text: str, end: int) -> list[Span]:
    pattern = _VENDORS[beginning]
    spans: list[Span] = []
    position = 0
    while (position := text.find(beginning, position, end)) >= 0:
        position += len(beginning)
        token = pattern.match(text, position, end)
        if token:
            spans.append(token.span())
            position = token.end()
    return spans


def _secrets(needle: str, pattern: re.Pattern[str], text: str, lowered: str, end: int) -> list[Span]:
    spans: list[Span] = []
    position = 0
    while (position := lowered.find(needle, position, end)) >= 0:
        match = pattern.match(text, position, end)
        if match:
            spans.append(match.span("secret"))
        position = match.end() if match else position + len(needle)
    return spans
