"""Short names for the parts of a pod, in pods and in every pod template of Kubernetes."""

from collections.abc import Sequence

from eks_log_forwarder.detection.nodes import Field, Fields
from eks_log_forwarder.detection.paths import path_reader

# Pod; Deployment, DaemonSet, StatefulSet, ReplicaSet, ReplicationController, Job; CronJob; PodTemplate
_POD_SPECS = ("spec", "spec.template.spec", "spec.jobTemplate.spec.template.spec", "template.spec")
_CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
_SECURITY_CONTEXTS = tuple(f"{containers}.securityContext" for containers in _CONTAINERS)

_READ_SPECS = tuple(path_reader(path) for path in _POD_SPECS)

# The paths of each name, relative to the pod spec.
_PLACES = {
    "podSpec": ("",),
    "podContainers": _CONTAINERS,
    "securityContext": _SECURITY_CONTEXTS,
    "privileged": tuple(f"{context}.privileged" for context in _SECURITY_CONTEXTS),
    "capabilities": tuple(f"{context}.capabilities" for context in _SECURITY_CONTEXTS),
    "hostPath": ("volumes.hostPath",),
    "hostPID": ("hostPID",),
    "hostIPC": ("hostIPC",),
    "hostNetwork": ("hostNetwork",),
}


def pod_field(name: str) -> Field | None:
    """The field of a name such as `hostPath` or `capabilities.add`; None if it is not a pod field.

    It is read from requestObject, and for a patch from responseObject. The request of a patch holds only the
    change, in one of three forms; the response holds the whole object.
    """
    first, _, rest = name.partition(".")
    if first not in _PLACES:
        return None
    relative = [".".join(filter(None, (place, rest))) for place in _PLACES[first]]
    places = tuple(path_reader(path) if path else _itself for path in relative)

    def of_pods(specs: Sequence[Fields]) -> list[object]:
        return [value for spec in specs for read_place in places for value in read_place(spec)]

    # Only the steps that all places share must be in the event.
    steps = [path.split(".") for path in relative]
    shared = [step for step in steps[0] if all(step in others for others in steps)]
    return Field(name, lambda fields: of_pods(pod_specs(fields)), key=".".join(shared), of_pods=of_pods)


def pod_specs(fields: Fields) -> list[Fields]:
    """The pod specs of an event.

    Reading each pair of spec and place from the top would take three times as long.
    """
    body = fields.get("responseObject" if fields.get("verb") == "patch" else "requestObject")
    if not isinstance(body, dict):
        return []
    return [spec for read_spec in _READ_SPECS for spec in read_spec(body) if isinstance(spec, dict)]


def _itself(spec: Fields) -> list[object]:
    return [spec]
