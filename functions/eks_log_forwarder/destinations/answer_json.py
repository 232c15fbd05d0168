"""A collector's answer read as JSON; it may hold anything."""

import msgspec


def read_json[Shape](body: bytes, shape: type[Shape]) -> Shape:
    """The answer's body in the shape that the collector's documentation gives it.

    Raises:
        ValueError: it is not JSON, not of that shape, or nested too deep to read.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except RecursionError:
        msg = "nested too deep"
        raise ValueError(msg) from None
