"""Images and labels as TensorFlow takes them."""
