"""The policy scanner sees every stack that the templates make."""

from tests.template.variants import NETWORK_VARIANTS, VARIANTS
from tools.scan import stacks


def test_every_variant_of_both_templates_is_scanned() -> None:
    """Each in a separate file, as it would be deployed."""
    made = stacks()
    assert len(made) == len(VARIANTS) + len(NETWORK_VARIANTS) == 25
    types = {resource["Type"] for stack in made.values() for resource in stack["Resources"].values()}
    assert {"AWS::Lambda::Function", "AWS::EC2::VPCEndpoint", "AWS::EC2::SecurityGroupIngress"} <= types
    assert "Fn::If" not in repr(made)
