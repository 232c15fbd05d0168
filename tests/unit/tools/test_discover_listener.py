"""The listener, as an option names it."""

import pytest

from tools.discover.listener import ListenerError, address_of, parse_listener


@pytest.mark.parametrize(
    ("text", "host", "port", "url"),
    [
        ("10.0.3.20:30443", "10.0.3.20", 30443, "https://10.0.3.20:30443/logeye/api/logger.jsp"),
        ("10.0.3.20:30303", "10.0.3.20", 30303, "http://10.0.3.20:30303/logeye/api/logger.jsp"),
        ("xplg.internal:443", "xplg.internal", 443, "https://xplg.internal:443/logeye/api/logger.jsp"),
        ("https://siem.internal", "siem.internal", 443, "https://siem.internal/logeye/api/logger.jsp"),
        ("http://siem.internal/in", "siem.internal", 80, "http://siem.internal/in"),
        ("https://siem.internal:8443/in/x", "siem.internal", 8443, "https://siem.internal:8443/in/x"),
    ],
)
def test_reads_host_and_port_or_a_url(text: str, host: str, port: int, url: str) -> None:
    """Where no path is given, XPLG's stands; 30303 is its port for http."""
    listener = parse_listener(text)
    assert (listener.host, listener.port, listener.url) == (host, port, url)


@pytest.mark.parametrize(
    "text", ["10.0.3.20", "host:port", "host:99999", "", "ftp://host:21", "host:30443/path"]
)
def test_refuses_what_is_no_address(text: str) -> None:
    """The message shows what was given, and what would be right."""
    with pytest.raises(ListenerError, match="HOST:PORT"):
        parse_listener(text)


@pytest.mark.parametrize("text", ["https://user:hunter2@host:443/", "https://host/logger.jsp?token=hunter2"])
def test_does_not_repeat_a_token_that_was_given(text: str) -> None:
    """A token in the URL is refused without being printed."""
    with pytest.raises(ListenerError) as caught:
        parse_listener(text)
    assert "hunter2" not in str(caught.value)


def test_an_address_is_its_own() -> None:
    """No resolver is asked for one; a name that does not exist has none."""
    assert (address_of("10.0.3.20"), address_of("nowhere.invalid")) == ("10.0.3.20", None)
