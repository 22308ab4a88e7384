"""DNG: developed as the specification says, and written, as a mosaic or linear."""
