"""An audit policy of one's own for EKS: Kubernetes' Policy format, applied after the fact.

EKS fixes the API server's audit policy. This package reads a policy in the same format
(`audit.k8s.io/v1`, kind Policy) and decides with the server's semantics which audit events go on whole,
trimmed, or not at all.
"""

from eks_log_forwarder.audit_policy.decision import Action, Decision, Level
from eks_log_forwarder.audit_policy.policy import Policy
from eks_log_forwarder.audit_policy.policy_file import load_policy, read_policy
from eks_log_forwarder.audit_policy.trimming import trim

__all__ = ["Action", "Decision", "Level", "Policy", "load_policy", "read_policy", "trim"]
