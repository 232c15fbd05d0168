"""The parameters of a request's URI, read as the API server reads them.

Source: Go's net/url.ParseQuery. A pair with a semicolon or with an invalid escape is left out.
"""

import re
from urllib.parse import unquote_plus

_INVALID_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def query_values(uri: str, name: str) -> list[str]:
    """Every value of a parameter, in order. Names have case; the value of a pair without `=` is ""."""
    _, _, query = uri.partition("?")
    values = []
    for pair in query.split("&") if query else ():
        if ";" in pair or _INVALID_ESCAPE.search(pair):
            continue
        key, _, value = pair.partition("=")
        if unquote_plus(key) == name:
            values.append(unquote_plus(value))
    return values
