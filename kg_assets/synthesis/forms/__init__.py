"""The forms of question: one module each."""
