"""Photovoltaics on roofs: weather, roof design, hourly yield and its self-audit."""
