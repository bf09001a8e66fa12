"""Files that are not plain text, each family in a module of its own that knows one library.

A parser takes a path and gives a `Parsed` or a `Rejected`. What the parsers read may be hostile, so they run
in a child process (`sandbox`); nothing here knows of documents, chunks or storage.
"""
