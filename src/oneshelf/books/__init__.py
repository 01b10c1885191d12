"""The books: one relational database with the journal and the current state. The only room that knows SQLAlchemy."""
