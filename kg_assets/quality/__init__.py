"""Gates that a question-answer pair must pass before it is exported."""
