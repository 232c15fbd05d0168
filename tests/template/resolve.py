"""The template as CloudFormation would see it: SAM's own transform, then the conditions for given parameters.

Attributes, references and imports that only a deployment knows stay text: `{Resource}`,
`{Resource.Attribute}` and `<Export>`.
"""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml
from samtranslator.parser.parser import Parser  # type: ignore[import-untyped]  # SAM ships no types, nor below
from samtranslator.translator.translator import Translator  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[2]
REQUIRED = {"ClusterName": "demo", "DestinationUrl": "https://xplg.example.internal:30443/logger.jsp"}

_NO_VALUE = object()
_PSEUDO_PARAMETERS: dict[str, object] = {
    "AWS::AccountId": "111122223333",
    "AWS::NoValue": _NO_VALUE,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "eks-logs",
    "AWS::URLSuffix": "amazonaws.com",
}

type Json = dict[str, Any]


# A class of its own: SAM's reader of templates would change PyYAML's loaders for the whole process.
class _TemplateLoader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, such as `!Ref Name` and `!GetAtt Resource.Attribute`."""


def _long_form(loader: _TemplateLoader, suffix: str, node: yaml.Node) -> Json:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    match node:
        case yaml.SequenceNode():
            return {name: loader.construct_sequence(node, deep=True)}
        case yaml.ScalarNode():
            text = str(loader.construct_scalar(node))
            return {name: text.split(".", 1) if suffix == "GetAtt" else text}
    msg = f"!{suffix} is written in a way that is not known here"
    raise TypeError(msg)


_TemplateLoader.add_multi_constructor("!", _long_form)


@cache
def source(name: str = "template.yaml") -> Json:
    """A template as it is written, functions in their long form."""
    return read_template((ROOT / name).read_text(encoding="utf-8"))


def read_template(text: str) -> Json:
    """A template's text, functions in their long form."""
    template: Json = yaml.load(text, _TemplateLoader)  # noqa: S506  # a SafeLoader
    return template


@cache
def transformed(name: str = "template.yaml") -> Json:
    """A SAM template after SAM's transform: plain CloudFormation, its conditions still open."""
    return transform(source(name))


def transform(written: Json) -> Json:
    """A SAM template after SAM's transform."""
    template = deepcopy(written)
    template["Globals"]["Function"]["CodeUri"] = "s3://bucket/package"  # as `sam package` leaves it
    translator = Translator({}, Parser(), boto_session=boto3.session.Session(region_name="us-east-1"))
    translated: Json = translator.translate(template, {})
    return translated


def resolved(**parameters: str) -> Json:
    """The stack of template.yaml with these parameters, and defaults for the others."""
    return resolve(transformed(), REQUIRED | parameters)


def resolved_central(**parameters: str) -> Json:
    """The stack of central.yaml with these parameters, and defaults for the others."""
    return resolve(transformed("central.yaml"), {"DestinationUrl": REQUIRED["DestinationUrl"]} | parameters)


def resolved_network(**parameters: str) -> Json:
    """The stack of network.yaml with these parameters, and defaults for the others."""
    return resolve(source("network.yaml"), parameters)


def resolved_subscription(**parameters: str) -> Json:
    """The stack of subscription.yaml with these parameters, and defaults for the others."""
    needed = {"ClusterName": "shop", "ForwarderStackName": "eks-logs"}
    return resolve(source("subscription.yaml"), needed | parameters)


def resolve(template: Json, parameters: Mapping[str, str]) -> Json:
    """The stack that a plain template makes: its resources, outputs, and which of its rules hold."""
    unknown = parameters.keys() - template["Parameters"].keys()
    assert not unknown, f"the template has no parameters {unknown}"
    values: dict[str, object] = {
        name: _typed(definition, parameters.get(name, definition.get("Default", "")))
        for name, definition in template["Parameters"].items()
    }
    resolver = _Resolver(template, values | _PSEUDO_PARAMETERS)
    return {
        section: {
            name: resolver.resolve(item)
            for name, item in template[section].items()
            if "Condition" not in item or resolver.holds(item["Condition"])
        }
        for section in ("Resources", "Outputs")
    } | {"Rules": {name: resolver.rule(rule) for name, rule in template.get("Rules", {}).items()}}


def _typed(definition: Json, value: object) -> object:
    return str(value).split(",") if definition["Type"] == "CommaDelimitedList" else str(value)


def _attribute(path: list[str]) -> str | list[str]:
    resource, name = path
    if (
        name == "DnsEntries"
    ):  # zone and name, the regional name first (AWS::EC2::VPCEndpoint, "Return values")
        return [f"Z1:{resource}.vpce.example", f"Z1:{resource}-us-east-1a.vpce.example"]
    return f"{{{resource}.{name}}}"


class _Resolver:
    """Resolves intrinsic functions (CloudFormation user guide, "Intrinsic function reference")."""

    def __init__(self, template: Json, values: Mapping[str, object]) -> None:
        self._template = template
        self._values = values
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": lambda name: self._values.get(name, f"{{{name}}}"),
            "Condition": self.holds,
            "Fn::GetAtt": _attribute,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": lambda name: f"<{self.resolve(name)}>",
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Equals": lambda pair: self.resolve(pair[0]) == self.resolve(pair[1]),
            "Fn::Not": lambda one: not self.resolve(one[0]),
            "Fn::And": lambda many: all(self.resolve(each) for each in many),
            "Fn::Or": lambda many: any(self.resolve(each) for each in many),
            "Fn::Select": lambda pair: self.resolve(pair[1])[int(pair[0])],
            "Fn::Join": lambda pair: pair[0].join(self.resolve(pair[1])),
            "Fn::Split": lambda pair: self.resolve(pair[1]).split(pair[0]),
            "Fn::EachMemberEquals": lambda pair: all(each == pair[1] for each in self.resolve(pair[0])),
        }

    def holds(self, condition: str) -> bool:
        return bool(self.resolve(self._template["Conditions"][condition]))

    def rule(self, rule: Json) -> bool:
        """Whether a rule lets these parameters through."""
        if "RuleCondition" in rule and not self.resolve(rule["RuleCondition"]):
            return True
        return all(self.resolve(assertion["Assert"]) for assertion in rule["Assertions"])

    def resolve(self, node: Any) -> Any:  # noqa: ANN401  # a node of JSON
        if isinstance(node, list):
            return [item for each in node if (item := self.resolve(each)) is not _NO_VALUE]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((name, argument),) = node.items()
            if name in self._functions:
                return self._functions[name](argument)
            assert not name.startswith("Fn::"), f"{name} is not known here"
        return {name: item for name, each in node.items() if (item := self.resolve(each)) is not _NO_VALUE}

    def _if(self, choice: list[Any]) -> Any:  # noqa: ANN401  # a node of JSON
        condition, then, otherwise = choice
        return self.resolve(then if self.holds(condition) else otherwise)

    def _find_in_map(self, path: list[Any]) -> Any:  # noqa: ANN401  # a node of JSON
        name, key, row = map(self.resolve, path)
        return self._template["Mappings"][name][key][row]

    def _sub(self, argument: Any) -> str:  # noqa: ANN401  # a text, or a text and its variables
        text, variables = (argument, {}) if isinstance(argument, str) else argument
        known = {name: self.resolve(each) for name, each in variables.items()}

        def value(match: re.Match[str]) -> str:
            name = match[1]
            return str(known.get(name, self._values.get(name, f"{{{name}}}")))

        return re.sub(r"\$\{([^!}]+)\}", value, text)
