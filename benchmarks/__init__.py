"""What graphtutor costs beside its model calls: `make bench`, or `python -m benchmarks NAME …`."""
