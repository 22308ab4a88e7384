"""What the findings share: held-out photos, statistics, tables and plots."""
