"""Training of the toy model on the toy world: flow matching, distillation, and the runs of both."""
