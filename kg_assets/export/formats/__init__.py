"""The formats of training files: one module each, and the table of all in `table`."""
