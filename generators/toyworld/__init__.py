"""A world simple enough that what is right can be checked: shapes in a box that ring when they hit a wall."""
