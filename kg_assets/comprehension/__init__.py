"""Statements, judgements and comprehension: what the trainee does not know."""
