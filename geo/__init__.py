"""Coordinates, files, zones, proximity, tiles and exports."""
