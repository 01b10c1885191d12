"""Trust: who may see what, and proofs that anyone can re-run. Pure: no network, no database, no clock."""
