"""The learner's desktop settings: moved aside, and brought back."""
