"""Compute with exported models in NumPy alone: nothing here knows of the app or of PyTorch."""
