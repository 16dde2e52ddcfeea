"""A machine, as a record of any paper tells of the one that it was taken on."""

MACHINE = {
    "cpu": "A processor",
    "fingerprint": "0123456789abcdef",
    "cores": 2,
    "threads": 4,
    "usable": 1,
    "governor": "unavailable",
    "load": [0.5, 0.25, 0.0],
    "memory": 8_000_000_000,
    "os": "Debian",
    "kernel": "Linux 6.1",
    "python": "3.11.2",
    "libraries": {},
}
