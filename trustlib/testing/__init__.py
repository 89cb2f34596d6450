"""A test kit for those who check that their own tools are not deceived."""
