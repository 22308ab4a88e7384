"""Worker processes on this machine: their number, their program, and the handling of one that dies."""
