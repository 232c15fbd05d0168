"""Parts of patterns: characters of tokens, plain or percent-encoded once or more (RFC 3986, section 2.1).

None of them matches a backslash or a quote, so a match ends where a JSON string or an escape ends.
"""

SEGMENT = r"(?:[A-Za-z0-9_-]|%(?:25)*+(?:2[Dd]|5[Ff]))"
"""A character of unpadded base64url (RFC 4648, section 5)."""

TOKEN = r"(?:[A-Za-z0-9._~+/=-]|%(?:25)*+(?:2[BDEFbdef]|3[Dd]|5[Ff]|7[Ee]))"  # noqa: S105  # a pattern
"""A character of a bearer token (RFC 6750, section 2.1, b64token) or of any base64."""

BASE64 = r"(?:[A-Za-z0-9+/]|%(?:25)*+2[BFbf])"
"""A character of base64 (RFC 4648, section 4), padding apart."""

PADDING = r"(?:=|%(?:25)*+3[Dd])"
DOT = r"(?:\.|%(?:25)*+2[Ee])"
SPACE = r"(?:[ \t+]|%(?:25)*+2[0Bb])"
EQUALS = PADDING
COLON = r"(?::|%(?:25)*+3[Aa])"

WORD = r"""[A-Za-z][a-z]{0,19}+(?:[.:;,]?+(?:[\s"'\\)\]&;<%]|\Z)|=["'\\])"""
"""A word of prose or a header's parameter, where a credential could stand."""
