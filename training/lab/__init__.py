"""The live lab: training steps of two-dimensional GANs as ONNX graphs (lecture §3.4-3.6, §5)."""
