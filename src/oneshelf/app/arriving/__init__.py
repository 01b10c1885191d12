"""What arrives: loading, judging, folding, and the way into the lake."""
