"""What EKS's control plane writes: the log type of a stream, and a parser for each format."""
