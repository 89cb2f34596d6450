"""What ``pin_compose`` is made of."""
