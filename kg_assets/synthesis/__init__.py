"""Subgraphs and the questions and answers written about them."""
