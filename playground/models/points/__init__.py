"""The families on points of the plane: one file each, small enough to be trained before a visitor's eyes."""
