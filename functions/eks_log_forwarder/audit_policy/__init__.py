"""A user's audit policy for EKS, in Kubernetes' Policy format, applied to events that are already logged.

Users cannot change the audit policy of an EKS API server. This package reads a policy in the same format
(`audit.k8s.io/v1`, kind Policy) and decides with the server's semantics which audit events are forwarded
whole, trimmed, or dropped.
"""

from eks_log_forwarder.audit_policy.decision import Action, Decision, Level
from eks_log_forwarder.audit_policy.policy import Policy
from eks_log_forwarder.audit_policy.policy_file import load_policy, read_policy
from eks_log_forwarder.audit_policy.trimming import trim

__all__ = ["Action", "Decision", "Level", "Policy", "load_policy", "read_policy", "trim"]
