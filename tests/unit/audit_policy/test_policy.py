"""The decisions of a policy: one table for each rule of the server's semantics."""

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eks_log_forwarder.audit_policy import Action, Level
from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef, ResponseStatus, User
from tests.policy_samples import header_of, object_of, policy_of

KEEP_REST = "- {level: RequestResponse}"
URL = {"objectRef": None}


def dropped_by(rule: str, **fields: Any) -> bool:  # noqa: ANN401  # JSON values
    """Whether a rule of level None matches an event; other events are kept."""
    policy = policy_of(f"- {{level: None, {rule}}}\n{KEEP_REST}")
    decision = policy.decide(header_of(**fields))
    assert decision.rule == (0 if decision.action is Action.DROP else 1)
    return decision.action is Action.DROP


@pytest.mark.parametrize(
    ("rules", "action", "rule"),
    [
        ("- {level: None, verbs: [get]}\n- {level: RequestResponse, verbs: [get]}", Action.DROP, 0),
        ("- {level: RequestResponse, verbs: [get]}\n- {level: None, verbs: [get]}", Action.KEEP, 0),
        ("- {level: None, verbs: [list]}\n- {level: RequestResponse}", Action.KEEP, 1),
        ("- {level: RequestResponse, verbs: [list]}", Action.DROP, None),
    ],
)
def test_first_matching_rule_wins_and_no_match_is_level_none(
    rules: str, action: Action, rule: int | None
) -> None:
    """The order of the rules decides, and an event that no rule matches is dropped."""
    decision = policy_of(rules).decide(header_of())
    assert (decision.action, decision.rule) == (action, rule)


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        ("users: [ana]", True),
        ("users: [bob, ana]", True),
        ("users: [an]", False),
        ("users: [Ana]", False),
        ('users: ["*"]', False),
        ('users: ["an*"]', False),
        ("userGroups: [developers]", True),
        ('userGroups: ["system:authenticated"]', True),
        ('userGroups: ["*"]', False),
        ('userGroups: ["system:*"]', False),
        ("users: [root]", False),
        ("userGroups: ['system:masters']", False),
        ("users: [ana], userGroups: [developers]", True),
        ("users: [ana], userGroups: [admins]", False),
        ("users: [bob], userGroups: [developers]", False),
        ("users: [], userGroups: []", True),
    ],
)
def test_user_and_groups_match_exactly_and_never_the_impersonated_user(rule: str, *, matches: bool) -> None:
    """Users and userGroups look at the requesting user; both must match; * is an ordinary character."""
    impersonated = {"username": "root", "groups": ["system:masters"]}
    assert dropped_by(rule, impersonatedUser=impersonated) is matches


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        ("verbs: [get]", True),
        ("verbs: [list, get]", True),
        ("verbs: [GET]", False),
        ('verbs: ["*"]', False),
        ('verbs: ["g*"]', False),
        ("verbs: []", True),
    ],
)
def test_verbs_match_exactly(rule: str, *, matches: bool) -> None:
    """Verbs are compared for equality; * is an ordinary character."""
    assert dropped_by(rule) is matches


@pytest.mark.parametrize(
    ("namespaces", "namespace", "matches"),
    [
        ("[shop]", "shop", True),
        ("[sho]", "shop", False),
        ('["*"]', "shop", False),
        ('["sh*"]', "shop", False),
        ('[""]', "", True),
        ('[""]', "shop", False),
        ("[shop]", "", False),
        ('["", shop]', "", True),
        ("[]", "shop", True),
    ],
)
def test_namespaces_match_exactly_and_the_empty_one_is_cluster_scoped(
    namespaces: str, namespace: str, *, matches: bool
) -> None:
    """Namespaces are compared for equality; "" means cluster-scoped objects."""
    object_ref = object_of("configmaps", namespace=namespace)
    assert dropped_by(f"namespaces: {namespaces}", objectRef=object_ref) is matches


@pytest.mark.parametrize(
    "rule", ['namespaces: [""]', 'resources: [{group: "*"}]', 'resources: [{group: ""}]']
)
def test_rules_with_resources_or_namespaces_need_an_object(rule: str) -> None:
    """A non-resource request matches no rule with resources or namespaces."""
    assert dropped_by(rule, requestURI="/healthz", objectRef=None) is False


@pytest.mark.parametrize(
    ("pattern", "resource", "matches"),
    [
        ("pods", "pods", True),
        ("pods", "pods/log", False),
        ("pod", "pods", False),
        ("Pods", "pods", False),
        ("pods/log", "pods/log", True),
        ("pods/log", "pods", False),
        ("pods/log", "pods/exec", False),
        ("*", "pods", True),
        ("*", "pods/log", True),
        ("pods/*", "pods", True),
        ("pods/*", "pods/log", True),
        ("pods/*", "nodes/log", False),
        ("*/log", "pods/log", True),
        ("*/log", "pods", False),
        ("*/log", "pods/logs", False),
        ("*/*", "pods", False),
        ("*/*", "pods/log", False),
        ("po*", "pods", False),
        ("pods/l*", "pods/log", False),
    ],
)
def test_star_in_resources_is_all_or_one_side_of_the_slash(
    pattern: str, resource: str, *, matches: bool
) -> None:
    """`*` is every resource, `r/*` is r and all below it, `*/s` that subresource of any resource."""
    rule = f'resources: [{{group: "", resources: ["{pattern}"]}}]'
    assert dropped_by(rule, objectRef=object_of(resource)) is matches


@pytest.mark.parametrize(
    ("group", "resource", "matches"),
    [
        ("", "pods", True),
        ("", "pods/log", True),
        ("", "deployments.apps", False),
        ("apps", "deployments.apps", True),
        ("apps", "deployments/scale.apps", True),
        ("apps", "pods", False),
        ("app", "deployments.apps", False),
        ("*", "pods", True),
        ("*", "deployments/scale.apps", True),
        ("k8s.io", "leases.coordination.k8s.io", False),
        ("coordination.k8s.io", "leases.coordination.k8s.io", True),
    ],
)
def test_a_group_without_resources_covers_all_of_it(group: str, resource: str, *, matches: bool) -> None:
    """A group alone covers its resources and subresources; the group * covers every group."""
    assert dropped_by(f'resources: [{{group: "{group}"}}]', objectRef=object_of(resource)) is matches


@pytest.mark.parametrize(
    ("names", "resource", "name", "matches"),
    [
        ("[cart]", "pods", "cart", True),
        ("[cart]", "pods", "carts", False),
        ('["*"]', "pods", "cart", False),
        ('["ca*"]', "pods", "cart", False),
        ("[cart]", "pods/log", "cart", False),
        ("[cart]", "pods", "", False),
        ('[""]', "pods", "", True),
        ("[]", "pods", "cart", True),
    ],
)
def test_resource_names_match_exactly(names: str, resource: str, name: str, *, matches: bool) -> None:
    """Names are compared for equality, and only if the resource matches."""
    rule = f'resources: [{{group: "", resources: [pods], resourceNames: {names}}}]'
    assert dropped_by(rule, objectRef=object_of(resource, name=name)) is matches


def test_names_belong_to_their_own_entry_of_resources() -> None:
    """One entry's names do not hold for another entry's resources; either entry may match."""
    rule = (
        'resources: [{group: "", resources: [pods], resourceNames: [cart]}, '
        '{group: "", resources: [services], resourceNames: [till]}, {group: apps}]'
    )
    matches = {
        (resource, name): dropped_by(rule, objectRef=object_of(resource, name=name))
        for resource in ("pods", "services", "deployments.apps")
        for name in ("cart", "till")
    }
    assert [key for key, matched in matches.items() if matched] == [
        ("pods", "cart"),
        ("services", "till"),
        ("deployments.apps", "cart"),
        ("deployments.apps", "till"),
    ]


@pytest.mark.parametrize(
    ("verb", "resource", "matches"),
    [
        ("create", "pods", False),
        ("create", "pods/exec", True),
        ("update", "pods", True),
        ("delete", "pods", True),
    ],
)
def test_a_create_without_subresource_counts_as_nameless(verb: str, resource: str, *, matches: bool) -> None:
    """The server fills in a new object's name only after it has decided."""
    rule = 'resources: [{group: "", resources: ["pods/*"], resourceNames: [cart]}]'
    assert dropped_by(rule, verb=verb, objectRef=object_of(resource, name="cart")) is matches


@pytest.mark.parametrize(
    ("url", "request_uri", "matches"),
    [
        ("/version", "/version", True),
        ("/version", "/version?timeout=32s", True),
        ("/version", "/version/", False),
        ("/version", "/%76ersion", True),
        ("/a b", "/a%20b?x=%3F", True),
        ("/a?b", "/a%3Fb", True),
        ("/a+b", "/a+b", True),
        ("/Version", "/version", False),
        ("/healthz*", "/healthz", True),
        ("/healthz*", "/healthz/ping", True),
        ("/healthz/*", "/healthz", False),
        ("/healthz/*", "/healthz/ping?verbose", True),
        ("/health*", "/livez?x=/healthz", False),
        ("*", "/anything", True),
        ("/*", "/anything", True),
    ],
)
def test_urls_match_the_decoded_path_without_its_query(url: str, request_uri: str, *, matches: bool) -> None:
    """The path is decoded and its query ignored; * is special only at the end."""
    assert dropped_by(f'nonResourceURLs: ["{url}"]', requestURI=request_uri, objectRef=None) is matches


@pytest.mark.parametrize("url", ["*", "/api*", "/api/v1/namespaces/shop/pods/cart"])
def test_urls_never_match_a_request_about_an_object(url: str) -> None:
    """A rule with nonResourceURLs never matches a resource request."""
    assert dropped_by(f'nonResourceURLs: ["{url}"]') is False


@pytest.mark.parametrize(
    ("policy_stages", "rule_stages", "omitted"),
    [
        ("[]", "[]", []),
        ("[RequestReceived]", "[]", ["RequestReceived"]),
        ("[]", "[ResponseStarted]", ["ResponseStarted"]),
        ("[RequestReceived]", "[Panic]", ["RequestReceived", "Panic"]),
        ("[RequestReceived]", "[RequestReceived, ResponseComplete]", ["RequestReceived", "ResponseComplete"]),
    ],
)
def test_omit_stages_is_the_union_of_policy_and_rule(
    policy_stages: str, rule_stages: str, omitted: list[str]
) -> None:
    """An event of a stage that the policy or the rule omits is dropped."""
    policy = policy_of(
        f"- {{level: RequestResponse, omitStages: {rule_stages}}}", head=f"omitStages: {policy_stages}"
    )
    stages = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic", "")
    assert [
        stage for stage in stages if policy.decide(header_of(stage=stage)).action is Action.DROP
    ] == omitted


def test_a_rules_stages_hold_for_what_it_matches_alone() -> None:
    """A stage that another rule omits is not omitted."""
    policy = policy_of(f"- {{level: Metadata, verbs: [list], omitStages: [ResponseComplete]}}\n{KEEP_REST}")
    assert policy.decide(header_of()).action is Action.KEEP


@pytest.mark.parametrize(
    ("rule_level", "event_level", "action", "level", "strip"),
    [
        ("None", "Metadata", Action.DROP, None, ()),
        ("Metadata", "Metadata", Action.TRIM, None, ("requestObject", "responseObject")),
        ("Metadata", "Request", Action.TRIM, Level.METADATA, ("requestObject", "responseObject")),
        ("Metadata", "RequestResponse", Action.TRIM, Level.METADATA, ("requestObject", "responseObject")),
        ("Metadata", "", Action.TRIM, Level.METADATA, ("requestObject", "responseObject")),
        ("Metadata", "Everything", Action.TRIM, Level.METADATA, ("requestObject", "responseObject")),
        ("Request", "Metadata", Action.TRIM, None, ("responseObject",)),
        ("Request", "Request", Action.TRIM, None, ("responseObject",)),
        ("Request", "RequestResponse", Action.TRIM, Level.REQUEST, ("responseObject",)),
        ("Request", "", Action.TRIM, Level.REQUEST, ("responseObject",)),
        ("RequestResponse", "Metadata", Action.KEEP, None, ()),
        ("RequestResponse", "RequestResponse", Action.KEEP, None, ()),
        ("RequestResponse", "", Action.KEEP, None, ()),
    ],
)
def test_a_level_strips_bodies_and_is_only_ever_lowered(
    rule_level: str, event_level: str, action: Action, level: Level | None, strip: tuple[str, ...]
) -> None:
    """What a rule's level removes, for each level of the event; a missing one counts as RequestResponse."""
    decision = policy_of(f"- {{level: {rule_level}}}").decide(header_of(level=event_level))
    assert (decision.action, decision.level, decision.strip) == (action, level, strip)


@pytest.mark.parametrize(
    ("policy_value", "rule_value", "omitted"),
    [
        (None, None, False),
        ("true", None, True),
        ("false", None, False),
        (None, "true", True),
        ("true", "false", False),
        ("false", "true", True),
        ("true", "null", True),
    ],
)
def test_a_rules_omit_managed_fields_overrides_the_policys(
    policy_value: str | None, rule_value: str | None, *, omitted: bool
) -> None:
    """The rule's value wins; without one the policy's value applies."""
    rule = "" if rule_value is None else f", omitManagedFields: {rule_value}"
    head = "" if policy_value is None else f"omitManagedFields: {policy_value}"
    decision = policy_of(f"- {{level: RequestResponse{rule}}}", head=head).decide(header_of())
    assert decision.omit_managed_fields is omitted
    assert decision.action is (Action.TRIM if omitted else Action.KEEP)


@pytest.mark.parametrize("truncated", [False, True])
@pytest.mark.parametrize(
    ("fields", "detected", "action"),
    [
        ({"responseStatus": {"code": 401}}, False, Action.KEEP),
        ({"responseStatus": {"code": 403}}, False, Action.KEEP),
        ({"responseStatus": {"code": 403}, "stage": "ResponseStarted"}, False, Action.KEEP),
        ({"responseStatus": {"code": 200}}, True, Action.KEEP),
        ({"responseStatus": {"code": 404}}, False, Action.DROP),
        ({"responseStatus": {"code": 200}}, False, Action.DROP),
    ],
)
@pytest.mark.parametrize(
    "rules", ["- {level: None}", "- {level: Metadata, omitStages: [ResponseStarted, ResponseComplete]}"]
)
def test_denials_and_detected_events_are_never_dropped(
    rules: str, fields: dict[str, Any], action: Action, *, detected: bool, truncated: bool
) -> None:
    """Denials (401, 403) and detected events are forwarded regardless of the rules."""
    policy = policy_of(rules)
    assert policy.decide(header_of(**fields), detected=detected, truncated=truncated).action is action


@pytest.mark.parametrize(("code", "detected"), [(401, False), (403, False), (200, True)])
def test_denials_and_detected_events_are_never_trimmed(code: int, *, detected: bool) -> None:
    """Protected events are not trimmed either."""
    policy = policy_of("- {level: Metadata, omitManagedFields: true}")
    decision = policy.decide(header_of(responseStatus={"code": code}), detected=detected)
    assert decision.action is Action.KEEP


SECRETIVE = (
    'users: [ana], userGroups: [developers], verbs: [get], resources: [{group: "", resources: [pods]}]'
)


@pytest.mark.parametrize(
    ("rule", "lacking", "action"),
    [
        (SECRETIVE, {}, Action.DROP),
        (SECRETIVE, {"user": None}, Action.KEEP),
        (SECRETIVE, {"user": {"username": "ana"}}, Action.KEEP),
        (SECRETIVE, {"verb": None}, Action.KEEP),
        (SECRETIVE, {"objectRef": None}, Action.KEEP),
        (SECRETIVE, {"responseStatus": None}, Action.KEEP),
        (SECRETIVE, {"responseStatus": {}}, Action.KEEP),
        (SECRETIVE, {"requestURI": None, "level": None}, Action.DROP),
        ("verbs: [get]", {"user": None, "objectRef": None}, Action.DROP),
        ("verbs: [list]", {"user": None, "objectRef": None}, Action.KEEP),
        ("namespaces: [shop]", {"objectRef": None}, Action.KEEP),
        ('nonResourceURLs: ["*"]', {"objectRef": None}, Action.KEEP),
    ],
)
def test_a_cut_event_is_dropped_only_where_its_salvaged_header_decides_alone(
    rule: str, lacking: dict[str, Any], action: Action
) -> None:
    """If a field that a rule uses, or the status, may have been cut off, the event is forwarded."""
    policy = policy_of(f"- {{level: None, {rule}}}\n{KEEP_REST}")
    assert policy.decide(header_of(**lacking), truncated=True).action is action


@pytest.mark.parametrize(
    ("first_rule", "action"),
    [
        ("{level: Metadata, users: [bob]}", Action.KEEP),
        ("{level: Metadata, users: [bob], verbs: [list]}", Action.DROP),
        ("{level: Metadata, verbs: [list]}", Action.DROP),
    ],
)
def test_a_rule_that_might_have_matched_a_cut_event_first_keeps_it(first_rule: str, action: Action) -> None:
    """Only salvaged fields can exclude an earlier rule, not missing ones."""
    policy = policy_of(f"- {first_rule}\n- {{level: None, verbs: [get]}}")
    assert policy.decide(header_of(user=None), truncated=True).action is action


@pytest.mark.parametrize("level", ["Metadata", "Request"])
def test_a_cut_event_is_never_trimmed(level: str) -> None:
    """Text that is not JSON cannot be trimmed, so it is forwarded unchanged."""
    policy = policy_of(f"- {{level: {level}, omitManagedFields: true}}")
    assert policy.decide(header_of(), truncated=True).action is Action.KEEP


@pytest.mark.parametrize(
    ("fields", "action"),
    [
        ({"stage": "RequestReceived", "responseStatus": None}, Action.DROP),
        ({"stage": "ResponseStarted"}, Action.DROP),
        ({"stage": None}, Action.KEEP),
        ({"stage": "ResponseComplete"}, Action.KEEP),
    ],
)
def test_a_cut_event_of_an_omitted_stage_is_dropped(fields: dict[str, Any], action: Action) -> None:
    """A salvaged stage decides; a request at RequestReceived has no response yet."""
    policy = policy_of(KEEP_REST, head="omitStages: [RequestReceived, ResponseStarted]")
    assert policy.decide(header_of(**fields), truncated=True).action is action


def test_a_cut_event_that_no_rule_could_match_is_dropped() -> None:
    """A cut event without a match is dropped if all fields that the rules use are known."""
    policy = policy_of("- {level: Metadata, verbs: [list]}\n- {level: Metadata, users: [bob]}")
    assert policy.decide(header_of(), truncated=True).action is Action.DROP


_WORDS = (
    st.sampled_from(["", "get", "create", "pods", "log", "ana", "shop", "/api", "*", "%zz", "\ud800"])
    | st.text()
)
_HEADERS = st.builds(
    AuditHeader,
    level=_WORDS,
    stage=st.sampled_from(["RequestReceived", "ResponseComplete", ""]) | _WORDS,
    verb=_WORDS,
    request_uri=_WORDS,
    user=st.builds(User, username=_WORDS, groups=st.lists(_WORDS, max_size=3)),
    object_ref=st.none()
    | st.builds(
        ObjectRef, resource=_WORDS, namespace=_WORDS, name=_WORDS, api_group=_WORDS, subresource=_WORDS
    ),
    response_status=st.none() | st.builds(ResponseStatus, code=st.sampled_from([0, 200, 401, 403])),
)
_POLICY = policy_of(
    """
- {level: None, users: [ana], verbs: [get], resources: [{group: "", resources: [pods, "*/log"]}]}
- {level: None, nonResourceURLs: ["/api*"], omitStages: [Panic]}
- {level: Metadata, namespaces: [shop, ""], userGroups: [ana]}
- {level: Request, resources: [{group: "*", resources: ["pods/*"], resourceNames: [shop]}]}
- {level: None, verbs: [create]}
- {level: RequestResponse, omitManagedFields: true}
""",
    head="omitStages: [RequestReceived]",
)


@given(header=_HEADERS, detected=st.booleans(), truncated=st.booleans())
def test_decides_for_any_header(header: AuditHeader, *, detected: bool, truncated: bool) -> None:
    """Nothing raises; protected events stay whole; a cut event is dropped only if the uncut one is."""
    decision = _POLICY.decide(header, detected=detected, truncated=truncated)
    status = header.response_status
    if detected or (status is not None and status.code in (401, 403)):
        assert decision.action is Action.KEEP
    if truncated:
        assert decision.action is not Action.TRIM
        if decision.action is Action.DROP:
            assert _POLICY.decide(header).action is Action.DROP


@pytest.mark.parametrize(
    ("level", "status", "expected"),
    [
        ("RequestResponse", 200, '{"level": "RequestResponse", "requestObject": {"a": 1}}'),
        ("Metadata", 200, '{"level":"Metadata"}'),
        ("None", 200, None),
        ("None", 403, '{"level": "RequestResponse", "requestObject": {"a": 1}}'),
    ],
)
def test_applying_a_policy_gives_the_text_that_goes_on(level: str, status: int, expected: str | None) -> None:
    """The result is the same string, a trimmed one, or None; a denial is always whole."""
    message = '{"level": "RequestResponse", "requestObject": {"a": 1}}'
    header = header_of(responseStatus={"code": status})
    kept = policy_of(f"- level: {level}").apply(message, header, detected=False, truncated=False)
    assert kept == expected
    assert (kept is message) == (kept == message)


@pytest.mark.parametrize("target", ["URI", "resource"])
def test_what_is_cached_is_bounded_in_number_and_size(target: str) -> None:
    """A client can request any number of URIs and resources, of any length; of 50 MB, under 3 MB stay."""
    policy = policy_of('- {level: None, nonResourceURLs: ["/x"]}\n- {level: None, resources: [{group: a}]}')

    def decide(number: int, characters: int) -> None:
        text = f"/{number}/".ljust(characters, "y")
        is_uri = target == "URI"
        ref = None if is_uri else ObjectRef(resource=text)
        policy.decide(AuditHeader(verb="get", request_uri=text if is_uri else "", object_ref=ref))

    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for number in range(5000):
            decide(number, 10_000)
            decide(number, 100)
        kept_bytes = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert kept_bytes < 3_000_000
