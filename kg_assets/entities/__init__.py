"""Entity resolution: which names that the documents use mean one thing."""
