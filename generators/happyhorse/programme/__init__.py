"""Everything that needs a GPU, as stages that can be interrupted: ceilings, times, memory, training."""
