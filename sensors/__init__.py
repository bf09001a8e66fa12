"""What starts runs: new, changed and removed documents."""
