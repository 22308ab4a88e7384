"""What a batch did: manifest, progress, report."""
