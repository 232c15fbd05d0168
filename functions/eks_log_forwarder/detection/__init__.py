"""Sigma rules (Sigma rules specification 2.x) as plain predicates on control-plane events.

rule_files -> refusals, translation -> nodes -> predicates, header_bounds, index -> rule_set -> matcher
"""
