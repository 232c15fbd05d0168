"""`make deploy`: from a cluster's name and a listener to a deployed and verified stack."""
