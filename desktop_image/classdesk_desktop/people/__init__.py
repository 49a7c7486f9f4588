"""What in a learner's session concerns other people: who may look, who is looking, messages, the raised hand."""
