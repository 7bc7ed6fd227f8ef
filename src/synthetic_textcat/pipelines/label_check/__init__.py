"""Label check: how many labels are right, from rows labelled by hand and the verdicts of a judge."""
