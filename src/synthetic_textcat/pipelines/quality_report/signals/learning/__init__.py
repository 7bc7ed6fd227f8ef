"""What a model could learn of a task's rows, by reading them and without: computed once, shared by the signals."""
