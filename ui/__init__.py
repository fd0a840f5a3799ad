"""The screen: pages of widgets, the map, and nothing that computes."""
