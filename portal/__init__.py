"""Good Terms: the portal that puts an overdue loan back on good terms."""
