"""Color spaces, transfer curves, ICC profiles, and the conversion between photos and network input."""
