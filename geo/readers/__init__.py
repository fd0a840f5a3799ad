"""How files of each format are opened; `geo.io` is the only door to them."""
