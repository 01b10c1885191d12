"""`python -m oneshelf` is the command line."""

from oneshelf.cli import main

main()
