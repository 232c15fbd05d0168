"""`make discover`: reads from AWS what a deployment needs to know of a cluster, with describe calls only."""
