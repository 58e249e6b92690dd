"""What the portal can do. Arguments after the session are keyword-only; a service is given its `actor` and
`now`, flushes and never commits, records itself in the audit log, and raises Refused when a rule says no.

A service that writes stands under `@in_savepoint`: when it refuses, nothing of it is left, and the caller may
still commit what came before."""
