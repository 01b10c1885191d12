"""The lake: all that ever happened, columnar, in Delta tables; and the switch between the engines that read it."""
