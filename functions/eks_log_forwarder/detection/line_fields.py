"""A parsed authenticator or klog line as rules see it."""

import msgspec


def line_fields(line: msgspec.Struct) -> dict[str, object]:
    """The line's fields on one level: what stands under `fields` beside the line's own, which go first.

    Empty ones are left out, so that rules find them absent; the struct has to have omit_defaults.
    """
    own: dict[str, object] = msgspec.to_builtins(line)
    more = own.pop("fields", None)
    return (more if isinstance(more, dict) else {}) | own
