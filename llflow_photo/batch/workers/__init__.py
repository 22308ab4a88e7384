"""Worker processes on this machine: how many, what they do, and what happens when one dies."""
