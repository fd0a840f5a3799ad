"""How a layer is written in each format; `geo.formats` is the only door to them."""
