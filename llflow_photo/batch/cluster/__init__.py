"""Run the tasks of a batch on a cluster, through joblib's backends."""
