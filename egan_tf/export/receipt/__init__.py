"""Whether an export is what its card says: for whoever received one. Needs TensorFlow only for formats of it."""
