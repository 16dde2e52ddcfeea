"""Ways out of MXNet: its files of parameters, read without it and turned into others' models."""
