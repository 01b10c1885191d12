"""`python -m oneshelf.cli` is the command line."""

from oneshelf.cli.root import main

main()
