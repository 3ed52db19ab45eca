"""What every training shares around its loop. It imports neither the algorithms nor their evaluations."""
