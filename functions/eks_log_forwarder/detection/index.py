"""Rules by the fields whose values recur, so that most events cost one or two look-ups."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from eks_log_forwarder.control_plane.audit import AuditHeader
from eks_log_forwarder.detection.header_bounds import HeaderTest, header_bounds
from eks_log_forwarder.detection.nodes import fields_in
from eks_log_forwarder.detection.remembering import Memory
from eks_log_forwarder.detection.rule import Rule
from eks_log_forwarder.detection.text_search import WordSearch, word_search

_TARGET_FIELDS = frozenset({"verb", "objectRef.resource", "objectRef.subresource"})
_REQUEST_FIELDS = _TARGET_FIELDS | {
    "user.username",
    "impersonatedUser.username",
    "stage",
    "responseStatus.code",
}

_MOST_KEYS = 4096

type _Target = tuple[str, str | None, str | None]
type _Request = tuple[_Target, str, str | None, str, int | None]


class Candidate(NamedTuple):
    """A rule that may match, and the test that remains of the header; None if the index has done it all."""

    rule: Rule
    maybe: HeaderTest | None


class Candidates(NamedTuple):
    """The rules that may match an event, those of them that require no word, and the search for words."""

    rules: Sequence[Candidate]
    without_words: Sequence[Candidate]
    search: WordSearch | None


class _Indexed(NamedTuple):
    candidate: Candidate
    maybe_by_target: HeaderTest
    maybe_by_request: HeaderTest


_NONE = Candidates((), (), None)


class AuditIndex:
    """The rules for audit events.

    The first look-up is by target (verb, resource, subresource). Its result is computed once, from the rules'
    tests of these three fields, and remembered. If rules remain, a second look-up adds the user and the
    result of the request: controllers create thousands of pods, and the rules on pods except them by name.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = tuple(rules)
        self._rules = tuple(map(_indexed, self.rules))
        self._of_target: Memory[_Target, Sequence[_Indexed]] = Memory(_MOST_KEYS)
        self._of_request: Memory[_Request, Candidates] = Memory(_MOST_KEYS)

    def candidates(self, header: AuditHeader) -> Candidates:
        """The rules that the remembered fields of an event do not exclude, in order."""
        reference = header.object_ref
        target: _Target = (
            (header.verb, None, None)
            if reference is None
            else (header.verb, reference.resource, reference.subresource)
        )
        found = self._of_target.get(target)
        if found is None:
            found = tuple(indexed for indexed in self._rules if indexed.maybe_by_target(header))
            self._of_target.keep(target, _characters(*target), found)
        if not found:
            return _NONE
        status, impersonated = header.response_status, header.impersonated_user
        request: _Request = (
            target,
            header.user.username,
            None if impersonated is None else impersonated.username,
            header.stage,
            None if status is None else status.code,
        )
        left = self._of_request.get(request)
        if left is None:
            left = _candidates([indexed.candidate for indexed in found if indexed.maybe_by_request(header)])
            self._of_request.keep(request, _characters(*target, *request[1:4]), left)
        return left


def _indexed(rule: Rule) -> _Indexed:
    remains = any(
        field.from_header is not None and field.name not in _REQUEST_FIELDS for field in fields_in(rule.node)
    )
    return _Indexed(
        Candidate(rule, rule.maybe if remains else None),
        header_bounds(rule.node, _TARGET_FIELDS).maybe,
        header_bounds(rule.node, _REQUEST_FIELDS).maybe,
    )


def _candidates(rules: Sequence[Candidate]) -> Candidates:
    if not rules:
        return _NONE
    words = [each.rule.literals for each in rules if each.rule.literals is not None]
    without = [each for each in rules if each.rule.literals is None]
    return Candidates(rules, without, word_search(words) if words else None)


def _characters(*texts: str | None) -> int:
    return sum(len(text) for text in texts if text)
