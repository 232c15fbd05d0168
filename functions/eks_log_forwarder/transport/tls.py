"""TLS with the certificates in the destination's secret: a private CA, a client certificate and its key.

The server's certificate and host name are always verified. No setting turns this off.
"""

import ssl
import tempfile

import msgspec

from eks_log_forwarder.config.credentials import Credentials
from eks_log_forwarder.config.hidden_fields import HiddenFields
from eks_log_forwarder.errors import SecretError

_FAULT = "the destination's secret cannot be used for TLS"
_NO_KEY = "holds no private key in PEM form without a passphrase"


class TlsIdentity(HiddenFields, msgspec.Struct, frozen=True):
    """PEM texts: the CA to trust instead of the public ones, our certificate and its key; not in the repr."""

    ca_certificate: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None

    @classmethod
    def of(cls, credentials: Credentials) -> "TlsIdentity | None":
        """The TLS part of the credentials; None where they have none."""
        ca, certificate, key = (
            credentials.ca_certificate,
            credentials.client_certificate,
            credentials.client_key,
        )
        return None if ca is None and certificate is None and key is None else cls(ca, certificate, key)


def context_of(identity: TlsIdentity, public_authorities: str) -> ssl.SSLContext:
    """A client's context; `public_authorities` is the CA file to use where the secret has no CA.

    Raises:
        SecretError: a field is not PEM or does not match another one; the message names only the field.
    """
    if identity.ca_certificate is None:
        context = ssl.create_default_context(cafile=public_authorities)
    else:
        context = _trusting(identity.ca_certificate, "ca_certificate")
    if identity.client_certificate is not None or identity.client_key is not None:
        _present(context, identity.client_certificate, identity.client_key)
    return context


def _trusting(pem: str, name: str) -> ssl.SSLContext:
    """A context that trusts these certificates and no others."""
    try:
        return ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError):
        # the library's message could quote the PEM
        msg = f"{_FAULT}: {name} holds no certificate in PEM form"
        raise SecretError(msg) from None


def _present(context: ssl.SSLContext, certificate: str | None, key: str | None) -> None:
    if certificate is None or key is None:
        missing = "client_certificate" if certificate is None else "client_key"
        msg = f"{_FAULT}: {missing} is missing; a client certificate needs its key"
        raise SecretError(msg)
    _trusting(certificate, "client_certificate")  # distinguishes a broken certificate from a broken key
    try:
        _load(context, certificate, key)
    except (ssl.SSLError, ValueError) as error:
        is_other_key = getattr(error, "reason", None) == "KEY_VALUES_MISMATCH"
        what = "is not the key of client_certificate" if is_other_key else _NO_KEY
        msg = f"{_FAULT}: client_key {what}"
        raise SecretError(msg) from None


def _load(context: ssl.SSLContext, certificate: str, key: str) -> None:
    """Loads the pair from a temporary file that only its owner can read: ssl reads keys from files only."""
    with tempfile.NamedTemporaryFile(prefix="client-", suffix=".pem") as file:
        file.write(f"{certificate}\n{key}\n".encode())
        file.flush()
        # an encrypted key would make OpenSSL ask for a passphrase on the terminal
        context.load_cert_chain(file.name, password=lambda: b"")
