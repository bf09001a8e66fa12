"""Documents and chunks: from files to spans of text."""
