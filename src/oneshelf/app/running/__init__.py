"""Running: the server, the worker, jobs and the demo."""
