"""Color spaces, transfer curves and profiles: what pixel values mean. Knows neither files nor torch."""
