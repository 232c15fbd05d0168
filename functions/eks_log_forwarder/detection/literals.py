"""The words that the text of an event must contain for a rule to match, so that few events are decoded.

If no header holds a field and its test fails where the field is absent, the field's key must be in the text.
Keys are compared as they are. The values of a test, which Sigma compares without case, are looked for in the
case-folded text. A word has only characters that JSON never has to escape.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from eks_log_forwarder.detection.nodes import (
    All,
    AnyOf,
    Field,
    FieldComparison,
    FieldTest,
    KeywordTest,
    Node,
    Not,
)

# What nearly every event with bodies contains. A search for it costs time and excludes nothing.
_FREQUENT = (
    "kind apiVersion level auditID stage requestURI verb username groups extra arn sourceIPs userAgent "
    "objectRef resources namespace apiGroup responseStatus metadata code requestObject responseObject "
    "annotations requestReceivedTimestamp stageTimestamp authorization.k8s.io decision reason labels spec "
    "template containers image imagePullPolicy command args env valueFrom fieldPath ports containerPort "
    "protocol requests limits securityContext allowPrivilegeEscalation volumes volumeMounts mountPath "
    "readOnly type key items managedFields fieldsType operation manager ownerReferences "
    "blockOwnerDeletion creationTimestamp generation resourceVersion conditions phase serviceAccountName "
    "nodeName nodeSelector tolerations restartPolicy dnsPolicy schedulerName terminationMessagePath "
    "terminationMessagePolicy livenessProbe readinessProbe selector matchLabels replicas "
    "system:serviceaccounts system:authenticated kube-system kubernetes.io default true false null "
    "message"
)
_FREQUENT_FOLDED = _FREQUENT.casefold()
_SHORTEST = 4
_LETTER = re.compile("[a-z]", re.IGNORECASE | re.ASCII)
# A number may be written in several ways, such as 4.03e2, and its text has fewer than four letters.
_RUN = re.compile(r"[a-z0-9_.:-]+", re.IGNORECASE | re.ASCII)


class Literals(NamedTuple):
    """Of these keys (as they are) and values (case-folded), the text must contain at least one."""

    keys: frozenset[str]
    values: frozenset[str]

    @property
    def shortest(self) -> int:
        """The length of the shortest word: the longer it is, the rarer."""
        return min(map(len, self.keys | self.values))


def required_literals(node: Node, *, wanted: bool = True) -> Literals | None:
    """The words without which the tree cannot hold (or fail, if not `wanted`); None if there are none."""
    match node:
        case Not(part):
            return required_literals(part, wanted=not wanted)
        case All(parts) | AnyOf(parts):
            found = [required_literals(part, wanted=wanted) for part in parts]
            return _rarest(found) if isinstance(node, All) is wanted else _any_of(found)
        case FieldTest(field, holds, texts) if holds(()) is not wanted and field.from_header is None:
            return _rarest([_of_values(texts) if wanted else None, _of_key(field)])
        case FieldComparison(field, other) if wanted:
            return _rarest([_of_key(each) for each in (field, other) if each.from_header is None])
        case KeywordTest(_, _, texts) if wanted:
            return _of_values(texts)
        case _:
            return None


def _rarest(found: Iterable[Literals | None]) -> Literals | None:
    known = [literals for literals in found if literals is not None]
    return max(known, key=lambda literals: literals.shortest) if known else None


def _any_of(found: Sequence[Literals | None]) -> Literals | None:
    known = [literals for literals in found if literals is not None]
    if not known or len(known) < len(found):
        return None
    return Literals(
        frozenset().union(*(each.keys for each in known)), frozenset().union(*(each.values for each in known))
    )


def _of_key(field: Field) -> Literals | None:
    """Every step of a path is a key, or a part of a key with dots, so the rarest can be chosen."""
    words = [run for step in field.key.split(".") if (run := _word_in(step))]
    usable = [word for word in words if word not in _FREQUENT]
    return Literals(frozenset([max(usable, key=len)]), frozenset()) if usable else None


def _of_values(texts: Sequence[str]) -> Literals | None:
    words = [_word_in(text.casefold()) for text in texts]
    if not words or not all(word and word not in _FREQUENT_FOLDED for word in words):
        return None
    return Literals(frozenset(), frozenset(word for word in words if word))


def _word_in(text: str) -> str | None:
    """The longest part of a text without characters that JSON may escape; None if it is too short."""
    run = max(_RUN.findall(text), key=len, default="")
    return run if len(_LETTER.findall(run)) >= _SHORTEST else None
