"""Tells from a name that its value is secret, and from a value that it is evidence and not a secret."""

import re
from functools import lru_cache

SECRET_PARTS = ("pass", "pwd", "secret", "token", "key", "cred", "auth", "dsn", "webhook")
"""In lower case; one of them is in each name of a secret."""

_SECRET = re.compile("|".join(SECRET_PARTS), re.IGNORECASE)
_WORDS = re.compile(r"[A-Z]++(?![a-z])|[A-Z]?[a-z]++|\d++")
_SECRET_WORD = re.compile(
    r"(?:.*(?:password|passwd|passphrase|pwd|secret|token|apikey|credential|dsn|webhook)|.*(?<!by)(?<!com)pass"
    r"|(?:api|access|private|ssh|master|encryption|account)?key|creds?|[a-z]?auth|authorization)s?"
)
_PASSWORD_WORD = re.compile(r".*(?:password|passwd|passphrase|pwd|pass)")
# A name that ends with one of these says something about a secret: where it is, what it is called.
_ABOUT = frozenset(
    {
        *("algorithm", "arn", "audience", "backend", "bits", "bucket", "class", "count", "dir"),
        *("directory", "domain", "duration", "enabled", "endpoint", "env", "expiration", "expiry", "field"),
        *("file", "filename", "folder", "format", "group", "header", "host", "hostname", "id"),
        *("interval", "issuer", "kind", "length", "level", "limit", "location", "max", "method"),
        *("min", "mode", "name", "namespace", "names", "path", "plugin", "policy", "port"),
        *("prefix", "provider", "ref", "region", "required", "role", "rotation", "scope", "service"),
        *("size", "source", "store", "strategy", "timeout", "ttl", "type", "url", "uri"),
        *("user", "username", "version"),
    }
)
# Keys that are not secret: of databases, of queues, of objects.
_PLAIN_KEYS = frozenset(
    {"public", "partition", "sort", "primary", "foreign", "routing", "label", "annotation", "tag", "topology"}
)

_LONGEST_EVIDENCE = 512
_STATES = frozenset(["true", "false", "yes", "no", "on", "off", "none", "null", "enabled", "disabled"])
# Numbers, durations and sizes.
_AMOUNT = re.compile(r"(?:\d{1,9}(?!\d)(?:\.\d{1,9}(?!\d))?(?:[num]?s|[mhdw%]|[kKMGT]i?B?|)){1,4}")
# To variables of Kubernetes, a shell and a template, or to what is hidden already.
_REFERENCE = re.compile(
    r"\$\([\w.-]++\)|\$\{\{?[\w. -]++\}?\}|\$(?:[A-Z_][A-Z0-9_]*+|[a-z_]++|\d)"
    r"|\*++|[xX]{3,}+|\[REDACTED:\d++\]"
)
_PLACE = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9+.-]*+://[\w.:\[\]-]++|~|\.{1,2})?(?:/[\w.@~%-]*+)*+|arn:[\w:/*.,@-]++"
)
_REFERENCE_STARTS = frozenset("$*xX[")
_LEAST_RANDOM = 16


def says_secret(name: str) -> bool:
    """Whether a name says so; remembers short ones."""
    return _remembered(name) if len(name) <= _LONGEST_REMEMBERED else _says_secret(name)


def _says_secret(name: str) -> bool:
    """Whether the variable, flag or field of that name has a secret value.

    A word of the name decides: `DB_PASS`, `apiKey`, `--auth-token`; not `KEYCLOAK_REALM`. A name that ends
    with a word such as FILE, URL or NAME tells where the secret is, not what it is.
    """
    if _SECRET.search(name) is None:
        return False
    words = [word.lower() for word in _WORDS.findall(name)]
    secret = [word for word in words if _SECRET_WORD.fullmatch(word)]
    if not secret or not _PLAIN_KEYS.isdisjoint(words):
        return False
    is_about = words[-1] in _ABOUT and not (words[-1] == "url" and "webhook" in words)
    return not is_about or words[-2:] == ["secret", "id"]  # AppRole of Vault: SECRET_ID is a password


_LONGEST_REMEMBERED = 40
_remembered = lru_cache(1024)(_says_secret)


def is_evidence(value: str, name: str = "") -> bool:
    """Whether a value says something and reveals nothing: a path, a number, a URL, a reference.

    A path or URL with a part that looks random is not evidence. Neither is a number whose name ends with a
    word for passwords.
    """
    if len(value) > _LONGEST_EVIDENCE or value.lower() in _STATES:
        return len(value) <= _LONGEST_EVIDENCE
    if "/" in value or value.startswith("arn:"):
        return _PLACE.fullmatch(value) is not None and not any(map(_looks_random, value.split("/")))
    first = value[:1]
    if first.isdigit():
        return _AMOUNT.fullmatch(value) is not None and not _is_password(name)
    return first in _REFERENCE_STARTS and _REFERENCE.fullmatch(value) is not None


def _is_password(name: str) -> bool:
    words = _WORDS.findall(name)
    return bool(words) and _PASSWORD_WORD.fullmatch(words[-1].lower()) is not None


def _looks_random(part: str) -> bool:
    if len(part) < _LEAST_RANDOM:
        return False
    has_digits = any(map(str.isdigit, part))
    return has_digits and not part.islower() and not part.isupper() and part.isascii()
