"""The stock ledger in the books: moves are added, what they add up to is kept beside them, in one transaction."""
