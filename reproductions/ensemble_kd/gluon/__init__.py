"""The ensemble on MXNet: quantisers, layers, members, teachers and their export."""
