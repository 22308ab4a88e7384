"""Training the flow on pairs of dark and well-exposed photos."""
