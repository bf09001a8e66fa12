"""Files for the trainers, the graph as files, and the report."""
