"""What a spec may say: the models, their reading and their checks."""
