"""The field's nouns as small, frozen, checked values. Nothing here knows a database, a file or a clock."""
