"""Tokens that begin as their vendor documents it, so that scanners find them. The beginning stays.

The least lengths are below those that vendors document, as these change. A token that was cut is found too.
"""

import re
from typing import NamedTuple

_WORD = "[A-Za-z0-9]"
_URL = "[A-Za-z0-9_-]"
_BASE64 = "[A-Za-z0-9+/=]"
_HEX = "[A-Fa-f0-9]"


class VendorToken(NamedTuple):
    """A kind of token."""

    vendor: str
    beginnings: tuple[str, ...]
    pattern: re.Pattern[str]
    """Matches at the end of the beginning; the group `secret` is what goes."""


def _token(vendor: str, beginnings: str, rest: str, *, least: int) -> VendorToken:
    """A kind of token with a rest of so many characters at least, or fewer before the cut."""
    return VendorToken(
        vendor, tuple(beginnings.split()), re.compile(rf"(?P<secret>{rest}{{{least},}}+|{rest}{{4,}}+\Z)")
    )


VENDOR_TOKENS = (
    _token("GitHub", "ghp_ gho_ ghu_ ghs_ ghr_", _WORD, least=20),
    _token("GitHub", "github_pat_", "[A-Za-z0-9_]", least=20),
    _token(
        "GitLab",
        "glpat- gldt- glrt- glptt- glcbt- glagent- gloas- glsoat-",
        "[A-Za-z0-9_.-]",
        least=16,
    ),
    _token("Slack", "xoxa- xoxb- xoxe- xoxe. xoxp- xoxr- xoxs- xapp-", "[A-Za-z0-9.-]", least=10),
    _token("Slack", "hooks.slack.com/", "[A-Za-z0-9/_-]", least=20),
    _token("Discord", "/api/webhooks/", "[A-Za-z0-9/_-]", least=40),
    _token("Stripe", "sk_live_ sk_test_ rk_live_ rk_test_", _WORD, least=10),
    _token("Stripe", "whsec_", "[A-Za-z0-9+/=]", least=16),
    _token("npm", "npm_", _WORD, least=30),
    _token("PyPI", "pypi-AgE", _URL, least=20),
    _token("Google", "AIza", _URL, least=30),
    _token("Google", "ya29. GOCSPX-", _URL, least=16),
    VendorToken("SendGrid", ("SG.",), re.compile(r"""(?<=[":= ']SG\.)(?P<secret>[A-Za-z0-9_.-]{30,}+)""")),
    _token("Docker", "dckr_pat_ dckr_oat_", _URL, least=16),
    _token("Vault", "hvs. hvb. hvr.", _URL, least=20),
    _token("age", "AGE-SECRET-KEY-1", "[A-Z0-9]", least=40),
    _token("DigitalOcean", "dop_v1_ doo_v1_ dor_v1_", _HEX, least=32),
    _token("Shopify", "shpat_ shpss_ shpca_ shppa_", _HEX, least=32),
    _token("Grafana", "glsa_ glc_", "[A-Za-z0-9_+/=]", least=30),
    _token("Anthropic", "sk-ant-", _URL, least=20),
    _token("OpenAI", "sk-proj- sk-svcacct-", _URL, least=20),
    _token("Databricks", "dapi", _HEX, least=32),
    _token(
        "Docker", "eyJhdXRocyI6 ewoJImF1dGhzIj ewogICJhdXRocyI6 ewogICAgImF1dGhzIj", "[A-Za-z0-9+/=]", least=8
    ),
)
"""Sources: the vendors' documentation, and the rules of secret scanners (gitleaks, GitLab) that quote it."""
