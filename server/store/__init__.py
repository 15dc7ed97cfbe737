"""What is kept: the log of every room, signs of life, and the store that holds them."""
