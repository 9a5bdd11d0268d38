"""Between pixels or samples and what the transformer works on."""
