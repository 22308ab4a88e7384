"""Records of a batch: manifest, progress, report."""
