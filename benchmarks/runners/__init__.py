"""One module a peer, each written as that peer's own documentation advises."""
