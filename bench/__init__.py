"""Measures of the product, each beside its limit or beside a peer, in one run. One module per measure."""
