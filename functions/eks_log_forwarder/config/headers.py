"""Headers that an operator sets by an option: valid ones, no secrets, and none that the forwarder sets.

Options are environment variables, which many people can read. So a header with the name of a secret is
refused. Refusing a harmless header costs little, and showing a key costs much, so this list is wider than
that of the redaction, which looks for secrets in log lines.
"""

import re
from collections.abc import Iterator, Mapping

# Patterns are text here: only settings with headers need them compiled.
# RFC 9110, section 5.1 (token) and 5.5 (field-value), without control characters
_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}"
_VALUE = r"[\x21-\x7e\xa1-\xff](?:[\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa1-\xff])?"
_PREFIX = r"(?:[\x21-\x7e\xa1-\xff][\x20-\x7e\xa0-\xff]*)?"

# They describe the body, so the forwarder's own are sent, whatever the option says.
_OF_THE_BODY = frozenset({"content-encoding", "content-type"})
# They describe the connection (RFC 9110, section 7.6.1) or the request as a whole.
_OF_THE_REQUEST = frozenset(
    {
        *("accept-encoding", "connection", "content-length", "expect", "host", "keep-alive"),
        *("proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)

_WORDS = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+"
_SENSITIVE_WORD = (
    r".*(?:token(?!i[sz])|secret|passw|passphrase|passcode|pwd|credential|signature|bearer|authori[sz]|authentic"
    r"|hmac|jwt|cookie|session|webhook|licen[cs]e|(?:access|api|auth|private|sign(?:ing)?)key).*"
    r"|.*(?<!by)(?<!com)pass|[a-z]*dsn|[a-z]{0,5}auth|creds?|keys?|otp|pw|pat|pin|sas|sig|sign|[as]k"
    r"|(?:account|app|application|client|encryption|host|function|ingest|ingestion|insert|instrumentation"
    r"|integration|logs|master|primary|project|public|routing|secondary|service|shared|sharedaccess|ssh"
    r"|subscription|user|write)keys?"
)
_SECRET_NAMES = frozenset({"x-honeycomb-team"})  # keys of vendors under names that do not say so
# RFC 9110, section 11.4
_CREDENTIALS = (
    r"(?i:bearer|basic|digest|negotiate|apikey|token|splunk|oauth|jwt|ssws|googlelogin|aws4-\S+)[\s=:]"
)


def header_faults(option: str, headers: Mapping[str, str], *, placeholder: str = "") -> Iterator[str]:
    """What is wrong with the headers of an option; never shows a value, nor a name that is not a valid one.

    A value with the `placeholder`, if there is one, takes its secret part from the secret.
    """
    seen: set[str] = set()
    for name, value in headers.items():
        if not re.fullmatch(_NAME, name):
            yield f"{option} has a name that is not a valid header name"
            continue
        if name.lower() in _OF_THE_REQUEST:
            yield f"{option} has {name}, which the forwarder sets"
        elif name.lower() in seen:
            yield f"{option} has {name} more than once: the case of a header's name does not matter"
        elif not re.fullmatch(_VALUE, value):
            yield f"{option} has a value for {name} that is empty or not allowed in a header"
        elif not (placeholder and placeholder in value) and (
            says_secret(name) or re.match(_CREDENTIALS, value)
        ):
            instead = (
                f"write {placeholder} where its value belongs" if placeholder else "name it in token_header"
            )
            yield (
                f"{option} has {name}, which looks like a secret, and options are not: "
                f"put the value into the secret as token, and {instead}"
            )
        seen.add(name.lower())


def token_header_faults(name: str, prefix: str | None, headers: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the header for the token, and with what precedes the token in it."""
    if not re.fullmatch(_NAME, name):
        yield "token_header is not a valid header name"
    elif name.lower() in _OF_THE_REQUEST | _OF_THE_BODY:
        yield f"token_header is {name}, which the forwarder sets"
    elif name.lower() in {other.lower() for other in headers}:
        yield f"token_header is {name}, which headers has, too"
    if prefix is not None and not re.fullmatch(_PREFIX, prefix):
        yield "token_prefix is not allowed in a header"


def header_warnings(option: str, headers: Mapping[str, str]) -> Iterator[str]:
    """Which headers have no effect."""
    for name in headers:
        if name.lower() in _OF_THE_BODY:
            yield f"{option} has {name}, which has no effect: the forwarder sends the one that its body has"


def effective(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers without those that describe the body."""
    return {name: value for name, value in headers.items() if name.lower() not in _OF_THE_BODY}


def says_secret(name: str) -> bool:
    """Whether the name of a header says that its value is a secret; a word of it decides."""
    words = (word.lower() for word in re.findall(_WORDS, name))
    return name.lower() in _SECRET_NAMES or any(re.fullmatch(_SENSITIVE_WORD, word) for word in words)
