"""Sources: where events, catalogues and reference data come from."""
