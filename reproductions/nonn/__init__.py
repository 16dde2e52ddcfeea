"""NoNN: a network of neural networks, distilled from the communities of a teacher."""
