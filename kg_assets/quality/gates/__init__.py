"""What a pair must pass before it is exported: one module a gate."""
