"""Reading and writing photos. Knows no torch."""
