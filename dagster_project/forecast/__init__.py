"""What a run would do and cost, and how long the rest of one takes."""
