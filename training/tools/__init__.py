"""What knows all algorithms: the registry of families, the recipes of the committed models, the benchmark."""
