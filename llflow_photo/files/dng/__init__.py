"""DNG: developing according to the specification, and writing mosaics and linear images."""
