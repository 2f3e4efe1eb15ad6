"""The lowest floor: components, trees, checks, keys. Imports only jax and numpy."""
