"""Measurements: features, distances between feature sets, cost. They know no family and ask the data set who judges it."""
