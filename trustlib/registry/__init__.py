"""OCI registries: images, and the content trust that lives beside them."""
