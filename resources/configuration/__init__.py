"""What a user can set, and the files and variables that it is read from."""
