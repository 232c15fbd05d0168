"""`make report`: one page about a cluster's control-plane logs."""
