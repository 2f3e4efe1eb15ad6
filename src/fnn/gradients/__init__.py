"""The roads to a gradient, and the referee between them."""
