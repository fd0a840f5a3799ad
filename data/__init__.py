"""Layer schemas, cited parameters, texts, faults and the demo city. Holds no user data."""
