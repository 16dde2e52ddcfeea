"""Verification: are the bytes of outputs and of DVC's cache those on record; and their repair."""
