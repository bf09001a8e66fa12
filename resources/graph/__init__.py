"""The one way to the property graph: parameterised Cypher over Bolt."""
