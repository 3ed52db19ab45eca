"""Latent Lab: generative models you can operate.

`gen_models.networks` holds the torch modules and is entered by `training/` alone. Everything else serves with
numpy and onnxruntime. This file imports nothing, which is what keeps the two apart.
"""
