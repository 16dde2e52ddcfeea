"""Taking blocks out of a Keras network and putting shunts in."""
