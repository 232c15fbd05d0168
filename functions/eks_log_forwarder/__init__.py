"""Carries Amazon EKS control-plane logs from CloudWatch Logs into XPLG or another SIEM, and loses nothing."""
