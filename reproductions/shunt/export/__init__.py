"""Networks as LiteRT runs them: their conversion, the runner, and the comparison with Keras."""
