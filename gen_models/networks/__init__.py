"""Define the torch networks: what is trained and exported. They know nothing of losses, data or loops."""
