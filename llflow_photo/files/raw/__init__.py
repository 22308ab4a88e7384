"""RAW files through LibRaw: demosaicing, hot pixels, the camera's color, their metadata."""
