"""Reads YAML files: plain values alone, and no key twice in one mapping."""

from collections.abc import Hashable
from pathlib import Path

import yaml  # noqa: TID251  # this is the one module that reads YAML


class YamlError(ValueError):
    """A file cannot be read as YAML; the message names the file, the line and the fault."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which keeps the last of two equal keys and says nothing, made to refuse them."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002  # PyYAML's signature
        lines: dict[object, int] = {}
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == "tag:yaml.org,2002:merge":
                continue
            key = (key_node.tag, key_node.value)
            line = key_node.start_mark.line + 1
            if key in lines:
                problem = f"the key {key_node.value!r} stands here and in line {lines[key]}"
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key_node.start_mark)
            lines[key] = line
        return super().construct_mapping(node, deep)


# Said again for this loader alone: other libraries change what SafeLoader makes of mappings, for everybody.
_UniqueKeyLoader.add_constructor("tag:yaml.org,2002:map", _UniqueKeyLoader.construct_yaml_map)  # type: ignore[type-var]  # of a subclass


def load_yaml(path: Path) -> object:
    """Read the one document of a YAML 1.1 file into dict, list, str, int, float, bool, date or None.

    Raises:
        YamlError: the file is missing, not UTF-8, not YAML, holds more than one document, a tag of no plain
            value, or a key twice; the message is `<path>: line <n>: <fault>`, the line where there is one.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        message = f"{path}: {reason}"
        raise YamlError(message) from error
    try:
        return yaml.load(text, Loader=_UniqueKeyLoader)  # noqa: S506  # a SafeLoader by descent
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}: " if mark else ""
        message = f"{path}: {place}{error.problem or error.context}"
        raise YamlError(message) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # ValueError: the safe loader builds dates, so `2024-13-01` fails in datetime
        message = f"{path}: cannot be read as YAML: {error}"
        raise YamlError(message) from error
