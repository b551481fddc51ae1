"""Running ONNX models: what an artifact must be, one loaded model, and the models in use."""
