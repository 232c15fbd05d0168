"""The namespace and the name of a request, as the API server knows them when it decides.

The server decides by the URL. Later it completes the objectRef from the body: a create gets its name, and the
objectRef of a cluster-scoped object gets the namespace that its body wrongly states.
Source: k8s.io/apiserver, pkg/endpoints/request/requestinfo.go.
"""

import re
from urllib.parse import unquote, unquote_plus

from eks_log_forwarder.control_plane.audit import AuditHeader, ObjectRef

_MAX_SPLITS = 9  # /apis/<group>/<version>/watch/namespaces/<namespace>/<resource>/<name>/<subresource>/<rest>
_PREFIX_PARTS = {"api": 2, "apis": 3}  # api/v1, apis/<group>/<version>
_VERBS_IN_PATH = ("proxy", "watch")  # deprecated: /api/v1/watch/pods
_NAMESPACE_SUBRESOURCES = ("status", "finalize")
_FIELD_SELECTOR = "fieldSelector"
_PARAMETER = re.compile(r"[^&]++")
_EXACT_NAME = re.compile(r"(?:^|(?<!\\),)metadata\.name==?((?:[^\\,=]|\\[\\,=])*+)(?=,|\Z)")
_ESCAPED = re.compile(r"\\(.)")
_NOT_A_SEGMENT = re.compile(r"\.\.?|.*[/%].*", re.DOTALL)


def path_of(request_uri: str) -> str:
    """Return the decoded path of a request URI without its query, which is what the server matches."""
    path = request_uri.partition("?")[0]
    return unquote(path) if "%" in path else path


def target_of(header: AuditHeader, object_ref: ObjectRef) -> tuple[str, str]:
    """Return the namespace and the name that the server decided by; "" if the request has none.

    If the URI does not name the resource of the objectRef, or is missing, the objectRef is used.
    """
    path, _, query = header.request_uri.partition("?")
    parts = path_of(path).strip("/").split("/", _MAX_SPLITS)
    parts = parts[_PREFIX_PARTS.get(parts[0], len(parts)) :]
    has_verb = bool(parts) and parts[0] in _VERBS_IN_PATH
    parts = parts[has_verb:]
    namespace = ""
    if len(parts) > 1 and parts[0] == "namespaces":
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _NAMESPACE_SUBRESOURCES:  # noqa: PLR2004  # namespaces/<name>/<this>
            parts = parts[2:]
    if not parts or parts[0] != object_ref.resource:
        # the server decides before it fills in the name of a new object
        is_new = header.verb == "create" and not object_ref.subresource
        return object_ref.namespace, "" if is_new else object_ref.name
    if len(parts) > 1:
        return namespace, parts[1]
    selects = header.verb in ("list", "watch") and not has_verb
    return namespace, _selected_name(query) if selects else ""


def _selected_name(query: str) -> str:
    """Return the name that `fieldSelector=metadata.name=<name>` requires; the server takes it as the name."""
    for parameter in _PARAMETER.finditer(query):
        key, _, value = parameter[0].partition("=")
        decoded_characters = len(key) - 2 * key.count("%")  # most keys need no decoding
        if decoded_characters == len(_FIELD_SELECTOR) and unquote_plus(key) == _FIELD_SELECTOR:
            term = _EXACT_NAME.search(unquote_plus(value))
            name = _ESCAPED.sub(r"\1", term[1]) if term else ""
            return "" if _NOT_A_SEGMENT.fullmatch(name) else name
    return ""
