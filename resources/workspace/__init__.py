"""The folder that holds all state, and who may work on it."""
