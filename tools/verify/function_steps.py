"""The steps through the function: it starts, it reads the secret, it delivers a canary line."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from eks_log_forwarder.destinations.outcomes import explain
from tools.aws_reading import NotFoundError
from tools.discover.findings import Finding, missing, ok, refused, unknown
from tools.verify.canary import Answer, canary_event, control_event, invoke
from tools.verify.target import VARIABLES_RIGHT, Target

_NEED_A_TOKEN = frozenset({"xplg", "splunk_hec"})
_UNAUTHORIZED = ("http_401", "http_403")
_NETWORK = frozenset(
    {"connection_refused", "connection_reset", "connection_timeout", "name_not_resolved", "tls"}
)
_INVOKE = "lambda:InvokeFunction"


def start_step(target: Target) -> Iterator[Finding]:
    """Whether the function starts, with a message that carries no log line."""
    answer = invoke(target, control_event())
    if answer is None:
        yield refused("function", _INVOKE)
    elif answer.error:
        yield missing("function", f"it fails: {answer.error}", _log_command(target))
    else:
        yield ok("function", f"it starts and answers in {answer.milliseconds} ms")


def canary_steps(target: Target) -> Iterator[Finding]:
    """Whether the secret is readable, and whether a made-up line is delivered by the real function."""
    answer = invoke(target, canary_event(target))
    yield _secret(target, answer)
    if answer is None:
        yield refused("canary", _INVOKE)
    elif answer.delivered:
        host = urlsplit(target.variables.get("DESTINATION_URL", "")).netloc
        yield ok("canary", f"{target.destination} at {host} took it in {answer.milliseconds} ms")
    elif answer.error:
        yield missing("canary", f"the function fails: {answer.error}", _log_command(target))
    elif answer.parked:
        yield _undelivered(target, answer)
    else:
        yield missing("canary", f"neither delivered nor parked: {answer.status}", _log_command(target))


def _secret(target: Target, answer: Answer | None) -> Finding:
    what, arn = "secret", target.secret_arn
    if not target.variables:
        return refused(what, VARIABLES_RIGHT)
    if not arn and target.destination in _NEED_A_TOKEN:
        found = f"none is set, and {target.destination} needs one; then set DestinationSecretArn and deploy"
        return missing(what, found, _create_secret(target))
    if not arn:
        gets = (
            "the function's role signs" if _is_signed(target) else f"{target.destination} gets no credentials"
        )
        return ok(what, f"none is set; {gets}")
    return _given_secret(target, answer, what, arn)


def _given_secret(target: Target, answer: Answer | None, what: str, arn: str) -> Finding:
    try:
        described = target.reader.call("secretsmanager", "describe_secret", SecretId=arn) or {}
    except NotFoundError:
        return missing(
            what, f"there is no secret {arn}: correct DestinationSecretArn", _create_secret(target)
        )
    if described.get("DeletedDate"):
        return missing(what, "it is deleted", f"aws secretsmanager restore-secret --secret-id {arn}")
    if answer is None or answer.error or "circuit_open" in answer.reasons:
        return unknown(what, "it was not read, because the canary was not tried")
    if "secret_unreadable" in answer.reasons:
        details = "; ".join(answer.details) or explain("secret_unreadable")
        return missing(what, details, f"aws secretsmanager describe-secret --secret-id {arn}")
    return ok(what, f"the function reads {described.get('Name', arn)}")


def _undelivered(target: Target, answer: Answer) -> Finding:
    reason = next(iter(answer.reasons), "unknown")
    if reason in _UNAUTHORIZED and _is_signed(target):
        role = target.stack.outputs.get("ForwardRoleArn", "the function's role")
        why = f"it does not allow {role}: see docs/destinations/amazon-opensearch.md"
        command = _log_command(target)
    elif reason in _UNAUTHORIZED and not target.secret_arn:
        why, command = "no secret is set", _create_secret(target)
    elif reason in _UNAUTHORIZED:
        why = "the collector does not accept the token; store the right one"
        command = _put_secret(target)
    elif reason == "circuit_open":
        why = "the collector was down, and the function tries it once a minute; verify again in a minute"
        command = f"make verify STACK={target.stack.name}"
    elif reason in _NETWORK:
        why = explain(reason)
        command = f"make discover CLUSTER={target.stack.cluster} LISTENER=HOST:PORT ARGS=--no-write"
    else:
        why = "; ".join((explain(reason), *answer.details))
        command = _log_command(target)
    found = f"parked, {reason}: {why}. It is delivered once this is fixed (docs/troubleshooting.md#reasons)"
    return missing("canary", found, command)


def _is_signed(target: Target) -> bool:
    return "sigv4" in target.variables.get("DESTINATION_OPTIONS", "")


def _create_secret(target: Target) -> str:
    return (
        'read -rs TOKEN; printf %s "$TOKEN" | aws secretsmanager create-secret'
        f" --region {target.stack.region} --name {target.stack.name}/collector"
        " --secret-string file:///dev/stdin --query ARN --output text"
    )


def _put_secret(target: Target) -> str:
    return (
        f'read -rs TOKEN; printf %s "$TOKEN" | aws secretsmanager put-secret-value'
        f" --region {target.stack.region} --secret-id {target.secret_arn} --secret-string file:///dev/stdin"
    )


def _log_command(target: Target) -> str:
    return f"aws logs tail {target.stack.outputs.get('ForwardLogGroupName', '')} --since 10m"
