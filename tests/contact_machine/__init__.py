"""Sequences of contacts, complaints, wishes and clock moves, against the contact gate and a judge who knows
nothing of it."""
