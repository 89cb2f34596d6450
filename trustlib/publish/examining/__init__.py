"""Checking what is published: :func:`trustlib.publish.fsck`, and every kind of finding."""
