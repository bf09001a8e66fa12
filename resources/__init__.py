"""What the stages talk to: language models, graph store, warehouse, tokenizer, embedded servers."""
