"""Play games of two small networks in the plane, trained by onnxruntime: data, training, metrics and visitors."""
