"""How exported models are measured, one module for each family."""
