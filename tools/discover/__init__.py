"""`make discover`: what a deployment needs to know of a cluster, read from AWS with describe calls alone."""
