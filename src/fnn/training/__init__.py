"""Training: the recipe, the state, the step, the epoch, the fit."""
