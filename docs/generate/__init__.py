"""What the documentation takes from the code when it is built: settings, commands, stages. Text that people
write is in the pages; `hooks.py` puts the two together."""
