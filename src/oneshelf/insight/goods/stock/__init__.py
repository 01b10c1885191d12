"""Stock as a ledger: what moved, which lots it came from, and what a late document changes. Pure."""
