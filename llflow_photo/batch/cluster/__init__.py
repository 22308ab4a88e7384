"""The same tasks on a cluster, through joblib's backends."""
