"""One more of each kind of thing: the worked examples of the documentation, which shows these files, and what
`tests/test_extension.py` adds to the tables before it runs the whole pipeline."""
