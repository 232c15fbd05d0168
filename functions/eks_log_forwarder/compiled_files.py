"""Rules and policies that `sam build` has compiled to a file beside their YAML sources.

A package has no parser for them. The file names each source with its digest, so that a source that was
changed in the package is an error and not ignored.
"""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import msgspec

COMPILED = "compiled.json"
_SUFFIXES = frozenset((".yml", ".yaml"))

_encode = msgspec.json.Encoder(order="deterministic").encode  # the same bytes in every build


class _File(msgspec.Struct, frozen=True):
    """`sources` are paths within the folder with the SHA-256 of their files; `content` is the result."""

    sources: dict[str, str]
    content: msgspec.Raw


class NotCompiledError(ValueError):
    """The compiled file cannot be used; each of `faults` names a file and says what to do."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def write_compiled(folder: Path, content: object) -> None:
    """Writes what the YAML files of a folder, and of the folders within it, were compiled to."""
    (folder / COMPILED).write_bytes(_encode(_File(_digests(folder), msgspec.Raw(_encode(content)))))


def read_compiled[Content](folder: Path, content: type[Content]) -> Content | None:
    """The compiled content of a folder; None if nothing is compiled, as in a source tree.

    Raises:
        NotCompiledError: the YAML files are not those that were compiled.
    """
    try:
        raw = (folder / COMPILED).read_bytes()
    except FileNotFoundError:
        return None
    try:
        file = msgspec.json.decode(raw, type=_File)
        faults = list(_differences(folder.name, file.sources, _digests(folder)))
        if not faults:
            return msgspec.json.decode(file.content, type=content)
    except msgspec.DecodeError as error:
        faults = [f"{folder.name}/{COMPILED}: is not a file that this package can read; run `sam build`"]
        raise NotCompiledError(faults) from error
    raise NotCompiledError(faults)


def no_parser(folder: Path, library: str) -> str:
    """The fault of a folder that has neither a compiled file nor a parser to read its sources."""
    return f"{folder.name}/{COMPILED}: is missing, and {library} is not installed; run `sam build`"


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.suffix in _SUFFIXES
    }


def _differences(folder: str, compiled: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    return [
        f"{folder}/{name}: was {what} after the build; run `sam build`"
        for name in sorted(compiled.keys() | present.keys())
        if (what := _difference(compiled.get(name), present.get(name)))
    ]


def _difference(compiled: str | None, present: str | None) -> str:
    if compiled == present:
        return ""
    if compiled is None:
        return "added"
    return "removed" if present is None else "changed"
