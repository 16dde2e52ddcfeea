"""The datasets of the command line, from the user's own files."""
