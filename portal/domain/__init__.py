"""Pure rules: facts in, answers out. No clock, no database, no Flask."""
