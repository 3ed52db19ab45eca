"""The PyTorch half of Latent Lab: trains networks and writes `exported/<name>/` for the app."""
