"""Value: what each person is expected to order and spend in the next 90 days, and the chance that they order at all."""
