"""How a servlet container reads the body of a request: `ServletRequest.getReader()`, as in Tomcat 10.1.

Source: Jakarta Servlet 6.0, section 3.12 ("Request data encoding"). XPLG runs in one.
"""

from email.message import Message

from tools.listener.bodies import BodyError, Record, decode_records
from tools.listener.http_server import Incoming

_DEFAULT_CHARSET = "iso-8859-1"


def text_of(request: Incoming) -> str:
    """The body as a text, whatever its Content-Encoding: the container does not unpack it.

    Raises:
        BodyError: the body is not in the charset of the Content-Type, or there is no such charset.
    """
    header = Message()
    header["Content-Type"] = request.headers.get("content-type", "")
    charset = header.get_content_charset(_DEFAULT_CHARSET)
    try:
        return request.body.decode(charset)
    except (LookupError, UnicodeDecodeError):
        message = "the charset of the Content-Type is unknown, or the body is not in it"
        raise BodyError(message, 500) from None


def records_of(request: Incoming) -> tuple[str, list[Record]]:
    """The format and the records of a body; a compressed one is a single message without sense.

    Raises:
        BodyError: the text is not records.
    """
    text = text_of(request)
    if request.headers.get("content-encoding", "identity") != "identity":
        return "unreadable", [{"message": text}]
    return decode_records(text.encode())
