"""What each chunk says of entities and relations, with the sentences that say so."""
