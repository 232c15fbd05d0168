"""What the scheduler and the controller managers report: pending pods with reasons, and errors."""

from eks_log_forwarder.control_plane.klog import KlogLine
from eks_log_forwarder.control_plane.scheduling import Scheduling
from tools.report.event import Event
from tools.report.tops import MAX_KEYS, NONE, TIME, Tops, shown

_UNSCHEDULABLE = "Unable to schedule pod"
_ERRORS = frozenset({"E", "F"})
# klog's text lines of errors often have severity I or W; the key `err` says that something failed.
_ERROR_KEYS = ("err", "error")


class Pending:
    """Pods that fit on no node: how often the scheduler said so, and its last reasons."""

    def __init__(self) -> None:
        self._pods: dict[str, dict[str, object]] = {}
        self._nodes: dict[str, int] = {}
        self.reasons = Tops("reason")
        self.events = 0

    def add(self, event: Event) -> None:
        """Counts one event."""
        line = event.parsed.klog
        if line is None or not line.message.startswith(_UNSCHEDULABLE):
            return
        self.events += 1
        pod = shown(line.fields.get("pod", ""))
        if pod in self._pods or len(self._pods) < MAX_KEYS:
            before = self._pods.get(pod, {"pod": pod, "events": 0, "first": _time(event)})
            last = {"last": _time(event), "why": shown(line.fields.get("err", ""))}
            self._pods[pod] = before | last | {"events": int(str(before["events"])) + 1}
        self._add_reasons(line.scheduling, line.fields.get("err", ""))

    def _add_reasons(self, scheduling: Scheduling | None, error: str) -> None:
        if scheduling is None or not scheduling.reasons:
            self.reasons.add(shown(error))
            return
        for one in scheduling.reasons:
            reason = shown(one.reason)
            self.reasons.add(reason)
            if reason in self._nodes or len(self._nodes) < MAX_KEYS:
                self._nodes[reason] = max(self._nodes.get(reason, 0), one.nodes)

    def as_json(self, rows: int) -> dict[str, object]:
        """The pods and reasons that were named most; `nodes` is the largest number of one line."""
        pods = sorted(self._pods.values(), key=lambda one: (-int(str(one["events"])), str(one["pod"])))
        reasons = self.reasons.as_json(rows)
        for one in reasons:
            one["nodes"] = self._nodes.get(str(one["reason"]), 0)
        return {"events": self.events, "pods": len(pods), "by_pod": pods[:rows], "by_reason": reasons}


def _time(event: Event) -> str:
    return event.time.strftime(TIME) if event.time else ""


class Controllers:
    """Lines of the controller managers that report an error, by controller."""

    def __init__(self) -> None:
        self.errors = Tops("controller")
        self._examples: dict[str, dict[str, str]] = {}

    def add(self, event: Event) -> None:
        """Counts one event."""
        line = event.parsed.klog
        if line is None or event.type_name != "controllerManager":
            return
        if line.severity not in _ERRORS and not any(line.fields.get(key) for key in _ERROR_KEYS):
            return
        name = controller_of(line)
        self.errors.add(name)
        if name in self._examples or len(self._examples) < MAX_KEYS:
            error = next((line.fields[key] for key in _ERROR_KEYS if line.fields.get(key)), "")
            text = f"{line.message}: {error}" if error else line.message
            self._examples[name] = {"last": shown(text), "last_time": _time(event)}

    def as_json(self, rows: int) -> list[dict[str, object]]:
        """The controllers with the most errors, each with its last one."""
        names = {shown(name): example for name, example in self._examples.items()}
        return [one | names.get(str(one["controller"]), {}) for one in self.errors.as_json(rows)]


def controller_of(line: KlogLine) -> str:
    """The name in `logger` or `controller`, else the source file without its ending."""
    named = line.fields.get("logger") or line.fields.get("controller")
    return named or line.file.removesuffix(".go") or NONE
