"""Basic authentication (RFC 7617): a user name and a password in one header, as UTF-8."""

from base64 import b64encode

from eks_log_forwarder.errors import SecretError


def basic(username: str, password: str, *, field: str = "username") -> str:
    """The value of `Authorization` or `Proxy-Authorization`; `field` names the user name in an error.

    Raises:
        SecretError: the user name has a colon, which would begin the password (RFC 7617, section 2).
    """
    if ":" in username:
        msg = f"the destination's secret has a colon in {field}, which Basic authentication does not allow"
        raise SecretError(msg)
    return f"Basic {b64encode(f'{username}:{password}'.encode()).decode('ascii')}"
