"""The code location: definitions, jobs, the command line."""
