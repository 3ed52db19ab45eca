"""Games of two small networks in the plane, trained by onnxruntime: data, the training, its numbers, its visitors."""
