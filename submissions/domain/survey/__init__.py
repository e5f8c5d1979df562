"""What is done with a survey: set up, lists, invitations, answering, mixing, watch, results."""
