"""The use cases: load, call the pure code, save. Every implementation is chosen in `build`."""
