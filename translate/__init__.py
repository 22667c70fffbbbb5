"""Image-to-image translation: train on folders, export one ONNX file, convert photos with it."""

__version__ = "0.1.0"
