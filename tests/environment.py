"""The environment of tests: the machine's own, without what graphtutor and Dagster read."""

import os

_OURS = ("SYNTHESIZER_", "TRAINEE_", "EMBEDDING_", "NEO4J_", "GRAPHTUTOR_", "DAGSTER_")


def without_our_variables() -> dict[str, str]:
    """The environment without the user's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
