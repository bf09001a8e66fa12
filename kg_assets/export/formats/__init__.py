"""The formats of training files."""
